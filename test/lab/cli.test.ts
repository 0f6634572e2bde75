import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { parseRequest } from './arguments.ts';
import { isStale, listLabs } from './folder.ts';
import type { LabStatus } from './control.ts';
import { startLab } from './lab.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const lab = (...args: string[]): Promise<Said> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [MAIN, ...args], (_, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
  });

describe('a lab that stays', () => {
  let number = '';
  afterEach(() => lab('down', '--lab', number));

  test('is started, found by its folder, changed, entered and ended by one command each', async () => {
    const up = await lab('up', '--hosts', '2', '--storage', 'shared');
    number = /nova-lab-(\d+)/.exec(up.out)?.[1] ?? '';
    expect(up).toMatchObject({ code: 0, err: '' });
    const here = ['--lab', number];
    const status = async (): Promise<LabStatus> => {
      const { labs } = JSON.parse((await lab('status', '--json')).out) as { labs: LabStatus[] };
      return labs.find((each) => each.number === Number(number))!;
    };
    expect((await status()).machines.map(({ name }) => name)).toEqual(['h1', 'h2', 'client']);

    expect((await lab('crash', 'h2', ...here)).out).toMatch(/h2 .* down/);
    expect(await status()).toMatchObject({ machines: [{}, { name: 'h2', pid: null }, {}] });
    expect((await lab('up', 'h2', ...here)).out).toMatch(/h2 .* up/);
    await lab('link', 'h1', 'h2', '--delay', '50ms', '--loss', '1%', ...here);
    await lab('shape', 'h1', '--rate', '40mbit', ...here);
    await lab('cut', 'h1', ...here);
    expect(await status()).toMatchObject({
      machines: [{ name: 'h1', isCut: true, rateMbit: 40 }, {}, {}],
      links: [{ a: 'h1', b: 'h2', quality: { delayMs: 50, jitterMs: 0, lossRatio: 0.01 } }],
    });
    expect(await lab('crash', 'h9', ...here)).toMatchObject({ code: 1, err: 'There is no host h9 in this lab; there are: h1, h2.\n' });

    expect(await lab('--lab', number, 'shell', 'h1', 'hostname')).toMatchObject({ code: 0, out: 'h1\n' });
    expect(await lab('--lab', number, 'shell', 'h1', 'sh', '-c', 'exit 3')).toMatchObject({ code: 3 });
    const { dir } = await status();
    const record = (await listLabs()).find((each) => each.dir === dir)!;
    expect(isStale(record)).toBe(false);
    expect(await lab('down', ...here)).toMatchObject({ code: 0, out: `nova-lab-${number} is gone.\n` });
    expect(existsSync(dir)).toBe(false);
    await expect.poll(() => isStale(record)).toBe(true);
  });
});

test('a lab that a test holds is shown, and left to the test', async () => {
  await using held = await startLab({ hosts: 1 });
  expect((await lab('status')).out).toContain(`nova-lab-${held.number}  belongs to process ${process.pid}`);
  const refused = await lab('down', '--lab', String(held.number));
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(`belongs to process ${process.pid}`) });
  expect(await held.host('h1').shell('hostname')).toBe('h1');
});

test('a command line that cannot be understood is told what to type', async () => {
  const told = (line: string): string => {
    try {
      return JSON.stringify(parseRequest(line.split(' ').filter(Boolean)));
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(told('')).toContain('up [--hosts 3]');
  expect(told('fly')).toContain('There is no command fly.');
  expect(told('up --hosts 12')).toBe('--hosts is 1 to 9, not 12.');
  expect(told('up --storage tape')).toBe('--storage is shared or local, not tape.');
  expect(told('crash')).toBe('Which host? Such as: npm run lab -- crash h1');
  expect(told('shape h1 --rate fast')).toBe('--rate is such as 40mbit, or none, not fast.');
  expect(told('link h1')).toContain('A link is between two');
  expect(told('link h1 h2')).toContain('What is the link to be like?');
  expect(told('link h1 h2 --loss 1')).toBe('--loss is a share, such as 1%, not 1.');
  expect(told('up --speed 3')).toContain("Unknown option '--speed'");
  expect(told('shell h1 ls --lab 3')).toBe('{"request":{"is":"shell","machine":"h1","command":["ls","--lab","3"]}}');
  expect(told('shape h1 --rate none')).toContain('"rateMbit":null');
  const nowhere = await lab('crash', 'h1', '--lab', '251');
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('There is no lab 251.') });
});
