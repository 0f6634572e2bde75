import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { HubError, type AlertRule, type Log } from 'novacron/plugin';
import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { ruleName, ruleSchema } from './rule-schema.ts';

export interface FileRule {
  readonly id: string;
  readonly rule: AlertRule;
  readonly file: string;
}

const FILES_MAX = 200;
const FILE_BYTES_MAX = 5_000_000;
const ERRORS_SHOWN_MAX = 10;

const fileSchema = z.strictObject({ rules: z.record(ruleName, ruleSchema) });

const invalid = (message: string): HubError => new HubError('alert_file_invalid', message, { status: 400 });

type Path = readonly PropertyKey[];

/** The line of the deepest part of the path that is in the document. */
function lineOf(document: Document, path: Path, lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] | null } | undefined;
    if (node?.range) return lines.linePos(node.range[0] ?? 0).line;
  }
  return 1;
}

/** The rules in a YAML text. HubError `alert_file_invalid` names file, line and field of everything that is wrong. */
export function parseRulesFile(text: string, file: string): readonly FileRule[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: ${message}`);
  if (broken.length > 0) throw invalid(broken.slice(0, ERRORS_SHOWN_MAX).join('\n'));
  // A few aliases are fine; a document that blows up by them is not.
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? { rules: {} });
  if (parsed.success) return Object.entries(parsed.data.rules).map(([id, rule]) => ({ id, rule, file }));
  const wrong = parsed.error.issues.map(
    ({ path, message }) => `${file}:${lineOf(document, path, lines)}: ${path.join('.') || 'the file'}: ${message}`,
  );
  throw invalid(wrong.slice(0, ERRORS_SHOWN_MAX).join('\n'));
}

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
  if (names.length > FILES_MAX) throw invalid(`${path} has ${names.length} files; at most ${FILES_MAX} are read. Put rules together.`);
  return names.map((name) => join(path, name));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Rules from a file, or from all .yaml files of a folder; `null`: there are none. */
export function createRuleFiles(path: string | null, log: Log): RuleFiles {
  const read = new Map<string, Read>();
  let rules: readonly FileRule[] = [];

  function gather(): void {
    const now = [...read.values()].flatMap((one) => one.rules);
    if (now.length !== rules.length || now.some((rule, nth) => rule !== rules[nth])) rules = now;
  }
  async function readOne(file: string): Promise<void> {
    const before = read.get(file);
    const { mtimeMs, size } = await stat(file);
    const mark = `${mtimeMs} ${size}`;
    if (before?.mark === mark) return;
    try {
      if (size > FILE_BYTES_MAX) throw invalid(`${file} has more than ${FILE_BYTES_MAX} bytes. Split it.`);
      read.set(file, { mark, rules: parseRulesFile(await readFile(file, 'utf8'), file), trouble: null });
      log.info({ file }, 'alert rules were read from a file');
    } catch (error) {
      read.set(file, { mark, rules: before?.rules ?? [], trouble: messageOf(error) });
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
