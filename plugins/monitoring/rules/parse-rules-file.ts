import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { fileInvalid, ruleName, ruleSchema } from './rule-schema.ts';
import type { FileRule } from './rules-file.ts';

const ERRORS_SHOWN_MAX = 10;

const fileSchema = z.strictObject({ rules: z.record(ruleName, ruleSchema) });

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
  if (broken.length > 0) throw fileInvalid(broken.slice(0, ERRORS_SHOWN_MAX).join('\n'));
  // A few aliases are fine; a document that blows up by them is not.
  const parsed = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? { rules: {} });
  if (parsed.success) return Object.entries(parsed.data.rules).map(([id, rule]) => ({ id, rule, file }));
  const wrong = parsed.error.issues.map(
    ({ path, message }) => `${file}:${lineOf(document, path, lines)}: ${path.join('.') || 'the file'}: ${message}`,
  );
  throw fileInvalid(wrong.slice(0, ERRORS_SHOWN_MAX).join('\n'));
}
