import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Log } from 'novacron/plugin';
import type { KeptRules } from './kept-rules.ts';
import { fileInvalid, type FileRule } from './rule-schema.ts';

const FILES_MAX = 200;
const FILE_BYTES_MAX = 5_000_000;
const TROUBLES_MAX = 20;

export interface RuleFiles {
  /** Reads what has changed; what is broken keeps the rules it had when it was last good. */
  refresh(): Promise<void>;
  /** The same array as long as nothing has changed. */
  rules(): readonly FileRule[];
  /** What is wrong now, a text a file. */
  troubles(): ReadonlyMap<string, string>;
}

interface Read {
  readonly mark: string;
  readonly rules: readonly FileRule[];
  readonly trouble: string | null;
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await stat(path);
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => ['.yaml', '.yml'].includes(extname(name))).toSorted();
  if (names.length > FILES_MAX) throw fileInvalid(`${path} has ${names.length} files; at most ${FILES_MAX} are read. Put rules together.`);
  return names.map((name) => join(path, name));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Rules from a file, or from all .yaml files of a folder; `null`: there are none. */
export function createRuleFiles(path: string | null, { log, kept }: { readonly log: Log; readonly kept: KeptRules }): RuleFiles {
  const read = new Map<string, Read>();
  let rules: readonly FileRule[] = [];

  function gather(): void {
    const now = [...read.values()].flatMap((one) => one.rules);
    if (now.length !== rules.length || now.some((rule, nth) => rule !== rules[nth])) rules = now;
  }
  const keep = (file: string, now: readonly FileRule[]): Promise<void> =>
    kept
      .write(file, now)
      .catch((error: unknown) => log.warn({ file, err: error }, 'alert rules of a file could not be kept for the next start'));

  async function readOne(file: string): Promise<void> {
    const before = read.get(file);
    const { mtimeMs, size } = await stat(file);
    const mark = `${mtimeMs} ${size}`;
    if (before?.mark === mark) return;
    try {
      if (size > FILE_BYTES_MAX) throw fileInvalid(`${file} has more than ${FILE_BYTES_MAX} bytes. Split it.`);
      // Loaded when there is a file: most hubs never need the parser's memory.
      const { parseRulesFile } = await import('./parse-rules-file.ts');
      const { rules, wrong } = parseRulesFile(await readFile(file, 'utf8'), file);
      // Of a rule that is wrong now, what it was when it was last right.
      const last = wrong.length === 0 ? [] : (before?.rules ?? (await kept.read(file)));
      const right = [...rules, ...last.filter((rule) => wrong.some(({ id }) => id === rule.id))];
      const said = wrong.slice(0, TROUBLES_MAX).map(({ text }) => text);
      const trouble = said.length === 0 ? null : said.join('\n');
      read.set(file, { mark, rules: right, trouble });
      await keep(file, right);
      if (trouble === null) log.info({ file }, 'alert rules were read from a file');
      else log.error({ file, trouble }, 'some rules of a file are wrong; the others count');
    } catch (error) {
      read.set(file, { mark, rules: before?.rules ?? (await kept.read(file)), trouble: messageOf(error) });
      log.error({ file, err: error }, 'a file of alert rules is broken; the rules it had before still count');
    }
  }
  return {
    rules: () => rules,
    troubles: () => new Map([...read].flatMap(([file, { trouble }]) => (trouble === null ? [] : [[file, trouble]]))),
    async refresh() {
      if (path === null) return;
      try {
        const files = await filesOf(path);
        for (const file of read.keys()) if (file !== path && !files.includes(file)) read.delete(file);
        for (const file of files) await readOne(file);
        if (!files.includes(path)) read.delete(path);
      } catch (error) {
        const before = read.get(path);
        if (before?.trouble !== messageOf(error))
          log.error({ path, err: error }, 'alert rules cannot be read; those that were read still count');
        read.set(path, { mark: '', rules: before?.rules ?? [], trouble: messageOf(error) });
      }
      gather();
    },
  };
}
