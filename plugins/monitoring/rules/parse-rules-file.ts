import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { fileInvalid, ruleName, ruleSchema, type FileRule } from './rule-schema.ts';

const ERRORS_SHOWN_MAX = 10;

const fileSchema = z.strictObject({ rules: z.record(z.string(), z.unknown()) });

export interface ParsedRules {
  readonly rules: readonly FileRule[];
  /** File, line and field of what is wrong with the others, a text each. */
  readonly wrong: readonly { readonly id: string; readonly text: string }[];
}

type Path = readonly PropertyKey[];

/** The line of the deepest part of the path that is in the document. */
function lineOf(document: Document, path: Path, lines: LineCounter): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { readonly range?: readonly number[] | null } | undefined;
    if (node?.range) return lines.linePos(node.range[0] ?? 0).line;
  }
  return 1;
}

/**
 * The rules in a YAML text, one by one: what is wrong in one does not take the others away. HubError `alert_file_invalid` names file and line
 * where it is no file of rules at all.
 */
export function parseRulesFile(text: string, file: string): ParsedRules {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(({ pos, message }) => `${file}:${lines.linePos(pos[0]).line}: ${message}`);
  if (broken.length > 0) throw fileInvalid(broken.slice(0, ERRORS_SHOWN_MAX).join('\n'));
  const wordsOf = (above: Path, { issues }: z.ZodError): readonly string[] =>
    issues.map(({ path, message }) => {
      const whole = [...above, ...path];
      return `${file}:${lineOf(document, whole, lines)}: ${whole.join('.') || 'the file'}: ${message}`;
    });
  // A few aliases are fine; a document that blows up by them is not.
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? { rules: {} });
  if (!parsed.success) throw fileInvalid(wordsOf([], parsed.error).slice(0, ERRORS_SHOWN_MAX).join('\n'));
  const rules: FileRule[] = [];
  const wrong: { id: string; text: string }[] = [];
  const refuse = (id: string, error: z.ZodError): void => {
    wrong.push({ id, text: wordsOf(['rules', id], error).join('\n') });
  };
  for (const [id, given] of Object.entries(parsed.data.rules)) {
    const [name, rule] = [ruleName.safeParse(id), ruleSchema.safeParse(given)];
    if (!name.success) refuse(id, name.error);
    else if (!rule.success) refuse(id, rule.error);
    else rules.push({ id, rule: rule.data, file });
  }
  return { rules, wrong };
}
