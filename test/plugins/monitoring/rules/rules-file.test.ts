import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBook } from '../../../../plugins/monitoring/rules/book.ts';
import { createKeptRules } from '../../../../plugins/monitoring/rules/kept-rules.ts';
import { createRuleFiles } from '../../../../plugins/monitoring/rules/rules-file.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const rule = (name: string, above: string): string => `  ${name}:
    title: ${name}
    severity: info
    metric: vm.cpuRatio
    condition: { is: threshold, above: ${above} }
`;

describe('a file of rules', () => {
  let folder: string;
  let turn = 0;
  const write = async (name: string, ...rules: string[]): Promise<void> => {
    const file = join(folder, name);
    await writeFile(file, `rules:\n${rules.join('')}`);
    await utimes(file, ++turn, turn);
  };
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'novacron-rules-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('with a slip in one rule has the others, after a restart too', async () => {
    await write('a.yaml', rule('first', '0.5'), rule('second', 'much'), rule('third', '0.7'), rule('Bad_Name', '1'));
    const files = createRuleFiles(folder, { log, kept: createKeptRules(join(folder, 'kept'), log) });
    await files.refresh();
    expect(files.rules().map(({ id }) => id)).toEqual(['first', 'third']);
    const [trouble = ''] = [...files.troubles().values()];
    expect(trouble).toMatch(/a\.yaml:11: rules\.second\.condition\.above: /);
    expect(trouble).toMatch(/a\.yaml:\d+: rules\.Bad_Name: A name is lower-case/);
    await write('a.yaml', rule('first', 'much'), rule('second', '0.6'));
    await files.refresh();
    expect(files.rules().map(({ id, rule }) => `${id} ${JSON.stringify(rule.condition)}`)).toEqual([
      'second {"is":"threshold","above":0.6}',
      'first {"is":"threshold","above":0.5}',
    ]);
  });

  it('that was broken before the hub started again has the rules it had', async () => {
    const start = async () => {
      const files = createRuleFiles(folder, { log, kept: createKeptRules(join(folder, 'kept'), log) });
      await files.refresh();
      return files;
    };
    await write('a.yaml', rule('first', '0.5'), rule('second', '0.6'));
    await start();
    await write('a.yaml', rule('first', '0.7'), rule('second', 'much'));
    const wrong = await start();
    expect(wrong.rules().map(({ id }) => id)).toEqual(['first', 'second']);
    await write('a.yaml', '  first: [');
    const broken = await start();
    expect(broken.rules().map(({ id, rule }) => `${id} ${JSON.stringify(rule.condition)}`)).toEqual([
      'first {"is":"threshold","above":0.7}',
      'second {"is":"threshold","above":0.6}',
    ]);
    expect(broken.troubles().size).toBe(1);
    // What was taken out of a file on purpose is gone, and stays so.
    await write('a.yaml', rule('first', '0.7'));
    await start();
    await write('a.yaml', '  first: [');
    expect((await start()).rules().map(({ id }) => id)).toEqual(['first']);
  });

  it('that has a name which another one has already is told of', async () => {
    await write('a.yaml', rule('same', '0.5'));
    await write('b.yaml', rule('same', '0.6'), rule('mine', '0.6'));
    const files = createRuleFiles(folder, { log, kept: createKeptRules(join(folder, 'kept'), log) });
    await files.refresh();
    const [{ rule: asFile } = { rule: undefined }] = files.rules();
    const stored = { id: 'mine', name: 'mine', tenant: null, rule: asFile!, createdBy: 'admin', createdAt: 0 };
    const book = createBook({
      declared: () => [],
      metrics: () => new Map(),
      stored: async () => ({ rules: [stored], offs: [] }),
      files: files.rules,
    });
    await book.refresh();
    expect(book.shadowed()).toEqual([
      `The rule 'same' of ${join(folder, 'b.yaml')} does not count: ${join(folder, 'a.yaml')} has one of that name. Give one of them another name.`,
      `The rule 'mine' of the person admin does not count: ${join(folder, 'b.yaml')} has one of that name. Give one of them another name.`,
    ]);
  });
});
