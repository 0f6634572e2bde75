import { HubError, type Action, type Issue, type Json, type Risk } from '../contract.ts';
import { formatFigure, unitEndingOf } from '../surfaces/figures.ts';

export interface ParsedInput {
  readonly input: Json;
  readonly risk: Risk;
}

/** Stage 1: the input with defaults applied, as JSON keeps it, and the risk it has. HubError `input_invalid` names each field. */
export async function parseInput(action: Action, raw: unknown): Promise<ParsedInput> {
  const result = await action.input['~standard'].validate(raw ?? {});
  if (result.issues) throw invalid(result.issues, raw);
  const input = JSON.parse(JSON.stringify(result.value)) as Json;
  return { input, risk: action.riskOf?.(input) ?? action.risk };
}

const A_TIME = 'a time such as 90s, 5m, 2h or 7d';
const WANTED: Readonly<Record<string, string>> = { Seconds: A_TIME, Ms: A_TIME, Bytes: 'a size such as 512M or 4G', At: 'an instant' };

/** What schemas say of limits and choices, as people would. */
function plainly(message: string, key: string): string {
  const [, side, figure] = /^Too (small|big): expected (?:number|int) to be [<>]=(-?[\d.e+]+)$/.exec(message) ?? [];
  if (figure !== undefined) return `must be at ${side === 'small' ? 'least' : 'most'} ${formatFigure(key, Number(figure))}`;
  const [, choices] = /^Invalid option: expected one of (.+)$/.exec(message) ?? [];
  if (choices !== undefined) return `must be one of ${choices.replaceAll('"', '').replaceAll('|', ', ')}`;
  return message === 'Invalid ISO datetime' ? 'is no instant such as 2026-01-31T12:00:00Z' : message;
}

/** What schemas say of words where a figure belongs is about programs; people typed `2 horus`. */
function inWords(message: string, keys: readonly string[], raw: unknown): string {
  if (!/expected (number|int),/.test(message)) return plainly(message.replace(/\.$/, ''), keys.at(-1) ?? '');
  const said = keys.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    raw,
  );
  if (typeof said !== 'string') return message.replace(/\.$/, '');
  return `'${said.slice(0, 40)}' is not ${WANTED[unitEndingOf(keys.at(-1) ?? '') ?? ''] ?? 'a number'}`;
}

function invalid(issues: readonly Issue[], raw: unknown): HubError {
  const fields = issues.slice(0, 20).map(({ path = [], message }) => {
    const keys = path.map((key) => String(typeof key === 'object' ? key.key : key));
    return { field: keys.join('.'), message: inWords(message, keys, raw) };
  });
  const sentences = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  return new HubError('input_invalid', `${sentences.join('; ')}.`, { status: 400, details: { fields } });
}
