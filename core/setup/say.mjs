// What setup tells the person at the terminal. It goes to stderr, so that `--json` on stdout stays clean.
const coloured = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (coloured ? `\u001B[${code}m${text}\u001B[0m` : text);

/** Something that setup does now. */
export function say(text) {
  process.stderr.write(`${paint(36, 'setup')}  ${text}\n`);
}

/** Something that a person should know, though work goes on. */
export function warn(text) {
  process.stderr.write(`${paint(33, 'setup')}  ${text}\n`);
}

/** Ends setup with a sentence for the person instead of a stack trace. */
export class Stop extends Error {}

/** Says why setup cannot go on. */
export function complain(text) {
  process.stderr.write(`${paint(31, 'setup')}  ${text}\n`);
}
