import { compileCell } from './compile.ts';

export type Completeness = 'complete' | 'incomplete' | 'invalid';

/** What the parser says when the text ends too early. */
const ENDED_EARLY = /<eof>|Unterminated (?:template|block comment)/u;
/** What cannot be the end of an expression. */
const OPEN_END = /[([{,.?:=+*/%&|^<>-]\s*$/u;

/** May a console run this now, or is the person still typing? */
export function completenessOf(code: string): Completeness {
  try {
    compileCell(code);
    return 'complete';
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return ENDED_EARLY.test(message) || (message.startsWith('Expression expected') && OPEN_END.test(code)) ? 'incomplete' : 'invalid';
  }
}
