import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { SoakSample } from './kit/soak-child.ts';

/** How long; longer runs show slower leaks. */
const seconds = Number(process.env['NODE_LIBVIRT_SOAK_SECONDS'] ?? 60);
const samples = 10;
/** What may be left of caches and of the engine's own tables. */
const growthBytesMax = 512 * 1024;

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

test(
  `${seconds} seconds of everything at once leave memory and handles as they were after a tenth of that`,
  {
    timeout: seconds * 1000 + 60_000,
  },
  async ({ signal }) => {
    // In a process of its own, where nobody else takes memory.
    const child = new URL('./kit/soak-child.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [child, String(seconds), String(samples)], { signal });
    const taken = JSON.parse(stdout) as SoakSample[];
    const [first, ...later] = taken;
    expect(later).toHaveLength(samples - 1);
    expect(Math.max(...later.map(({ descriptors }) => descriptors))).toBeLessThanOrEqual(first!.descriptors);
    expect(Math.max(...later.map(({ resources }) => resources))).toBeLessThanOrEqual(first!.resources);
    const bytes = later.map((one) => one.bytes);
    expect(median(bytes.slice(-3))).toBeLessThan(median(bytes.slice(0, 3)) + growthBytesMax);
  },
);
