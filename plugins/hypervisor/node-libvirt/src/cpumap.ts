import { ConnectionError } from './errors.ts';

/** As many as the protocol has room for. */
const cpusMax = 16384;

/** The numbers of the CPUs whose bits are set; the lowest bit of the first byte is CPU 0. */
export function cpusOf(map: Uint8Array): number[] {
  return Array.from({ length: map.length * 8 }, (_, cpu) => cpu).filter((cpu) => ((map[cpu >> 3]! >> (cpu & 7)) & 1) === 1);
}

/** The bits of the CPUs with these numbers. */
export function cpuMap(cpus: readonly number[]): Uint8Array {
  const odd = cpus.find((cpu) => !Number.isInteger(cpu) || cpu < 0 || cpu >= cpusMax);
  if (odd !== undefined) throw new ConnectionError('bad_argument', `${odd} is not the number of a CPU: 0 to ${cpusMax - 1}.`);
  const map = new Uint8Array((Math.max(-1, ...cpus) >> 3) + 1);
  for (const cpu of cpus) map[cpu >> 3]! |= 1 << (cpu & 7);
  return map;
}

/** Bytes of a map for so many CPUs. */
export const cpuMapBytes = (cpus: number): number => Math.ceil(cpus / 8);

/** The lists of CPUs in maps that stand one after the other. */
export function cpusOfEach(maps: Uint8Array, mapBytes: number): number[][] {
  return Array.from({ length: Math.floor(maps.length / mapBytes) }, (_, at) => cpusOf(maps.subarray(at * mapBytes, (at + 1) * mapBytes)));
}
