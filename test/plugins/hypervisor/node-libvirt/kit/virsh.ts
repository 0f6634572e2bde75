import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';

const run = promisify(execFile);

async function virsh(uri: string, ...words: string[]): Promise<string> {
  const { stdout } = await run('virsh', ['-q', '-c', uri, ...words], { env: { ...process.env, LC_ALL: 'C' } });
  return stdout;
}

/** `Name:   value` lines. */
export const fields = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^[ \t]*([^:\n]+?)[ \t]*:[ \t]*(.*?)[ \t]*$/gm)].map(([, name, value]) => [name!, value!]));
/** `name value` lines, the last word being the value. */
export const pairs = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(/^\s*(.*\S)\s+(\S+)\s*$/gm)].map(([, name, value]) => [name!, value!]));
/** Lines of a table, each a list of words. */
export const rows = (text: string): string[][] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s{2,}/));
export const trimmed = (text: string): string => text.trim();
/** All values as text, the way virsh prints them. */
export const texts = (values: Record<string, unknown>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
export const yesNo = (value: boolean): string => (value ? 'yes' : 'no');
export const version = (value: number): string => `${Math.floor(value / 1e6)}.${Math.floor(value / 1e3) % 1e3}.${value % 1e3}`;
/** `0-2,5` for 0, 1, 2, 5. */
export const ranges = (numbers: readonly number[]): string => {
  const groups: number[][] = [];
  for (const number of numbers) {
    const last = groups.at(-1);
    if (last?.at(-1) === number - 1) last.push(number);
    else groups.push([number]);
  }
  return groups.map((group) => (group.length === 1 ? group[0] : `${group[0]}-${group.at(-1)}`)).join(',');
};

/** A command of virsh, what this client says in the same shape, and how the command's text becomes that shape. */
export type Comparison = [command: string, ours: () => Promise<unknown>, read: (text: string) => unknown];

/** One test for each comparison. `names` stand for what is only known when the host is there, such as a UUID. */
export function compareWithVirsh(on: { uri(): string; names?: Record<string, () => string> }, comparisons: readonly Comparison[]): void {
  test.each(comparisons)('%s', async (command, ours, read) => {
    const words = command.split(' ').map((word) => on.names?.[word]?.() ?? word);
    // What changes between the two questions, such as a guest's addresses, is asked for again.
    await vi.waitFor(async () => expect(await ours()).toEqual(read(await virsh(on.uri(), ...words))), { timeout: 5000, interval: 200 });
  });
}
