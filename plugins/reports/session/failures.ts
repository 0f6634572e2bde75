import type { CellError } from './protocol.ts';
import { RETURN, type CompiledCell } from './compile.ts';
import { textOf } from './mime.ts';

/** `cell-3.ts:2:7` at the end of a line of a stack. */
const FRAME = /(?:\(|at (?:async )?)?(cell-\d+\.ts):(\d+):(\d+)\)?$/u;

interface Place {
  readonly line: number;
  readonly column: number;
}

/** The lines around the place, as a compiler shows them. */
function excerpt(code: string, { line, column }: Place): string[] {
  const lines = code.split('\n');
  const width = String(line + 1).length;
  return [line - 1, line, line + 1].flatMap((number) => {
    const text = lines[number - 1];
    if (text === undefined || number < 1) return [];
    const shown = `${number === line ? '>' : ' '} ${String(number).padStart(width)} | ${text}`;
    return number === line && column > 0 ? [shown, `  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`] : [shown];
  });
}

interface Thrown {
  readonly error: unknown;
  readonly code: string;
  /** The file name of the cell. */
  readonly name: string;
  readonly returnAt?: CompiledCell['returnAt'];
}

/** The place in the cell of a place in what was run. */
function originOf({ line, column }: Place, { returnAt }: Thrown): Place {
  const isMoved = returnAt?.line === line && column > returnAt.column;
  return { line, column: isMoved ? column - RETURN.length : column };
}

/** A syntax error says its place in words of its own: TypeScript's stripper in the stack, acorn in `loc`. */
function syntaxPlace(error: Error): Place | null {
  const loc = Reflect.get(error, 'loc') as { line?: number; column?: number } | undefined;
  if (typeof loc?.line === 'number') return { line: loc.line, column: (loc.column ?? 0) + 1 };
  const [first = ''] = (error.stack ?? '').split('\n');
  const line = /:(\d+)$/u.exec(first)?.[1];
  return line === undefined ? null : { line: Number(line), column: 0 };
}

function placeOf(thrown: Thrown & { error: Error }): Place | null {
  const { error, name } = thrown;
  if (error instanceof SyntaxError) {
    const place = syntaxPlace(error);
    if (place !== null) return place;
  }
  for (const line of (error.stack ?? '').split('\n')) {
    const [, file, at, column] = FRAME.exec(line) ?? [];
    if (file === name) return originOf({ line: Number(at), column: Number(column) }, thrown);
  }
  return null;
}

/** The line of a stack with the column that the cell has. */
function toOrigin(frame: string, thrown: Thrown): string {
  const [text = '', file, line, column] = FRAME.exec(frame) ?? [];
  if (file !== thrown.name) return frame;
  const origin = originOf({ line: Number(line), column: Number(column) }, thrown);
  return frame.slice(0, -text.length) + text.replace(`:${column}`, `:${origin.column}`);
}

/** Lines of a stack that concern the reader: those of cells; the rest is ours, or Node's. */
function framesOf(stack: string, thrown: Thrown): string[] {
  const { code, name } = thrown;
  const isOurs = (line: string): boolean => {
    const [, file, at] = FRAME.exec(line) ?? [];
    return /node:|\/plugins\/reports\/session\//u.test(line) || (file === name && Number(at) > code.split('\n').length);
  };
  const lines = stack.split('\n').filter((line) => /^\s+at /u.test(line));
  const last = lines.findLastIndex((line) => FRAME.test(line));
  return lines
    .slice(0, last + 1)
    .filter((line) => !isOurs(line))
    .map((line) => toOrigin(line, thrown))
    .slice(0, 20);
}

/** What a cell threw, for people: never more of a stack than they can use. */
export function describeThrown(thrown: Thrown): CellError {
  const { error, code } = thrown;
  if (!(error instanceof Error)) return { name: 'Thrown', message: textOf(error), traceback: [`Thrown: ${textOf(error)}`] };
  const name = error.name === '' ? 'Error' : error.name;
  const message = error.message.replace(/ \(\d+:\d+\)$/u, '');
  const place = placeOf({ ...thrown, error });
  const cause = error.cause instanceof Error ? [`  because of ${error.cause.name}: ${error.cause.message}`] : [];
  const traceback = [
    `${name}: ${message}`,
    ...cause,
    ...(place === null ? [] : excerpt(code, place)),
    ...(error instanceof SyntaxError ? [] : framesOf(error.stack ?? '', thrown)),
  ];
  return { name, message, traceback };
}
