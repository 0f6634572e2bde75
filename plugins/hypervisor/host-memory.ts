import type { CallOptions, Connection } from 'node-libvirt';

export interface HostMemory {
  readonly totalBytes: number;
  /** Free, or free as soon as it is asked for. */
  readonly availableBytes: number;
}

/** By the host's kernel: `getNodeInfo` counts what the firmware told it of, which can be less. */
export async function memoryOf(conn: Connection, options?: CallOptions): Promise<HostMemory> {
  const stats = await conn.getNodeMemoryStats(-1, 0, options);
  const bytes = (kind: string): number => Number(stats[kind] ?? 0n) * 1024;
  return { totalBytes: bytes('total'), availableBytes: bytes('free') + bytes('buffers') + bytes('cached') };
}
