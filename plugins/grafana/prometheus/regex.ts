import { createRequire } from 'node:module';
import type * as re2 from 're2js';
import { PromError } from './errors.ts';

/** A regular expression as Prometheus understands it: RE2's words, and the whole of a value or nothing. */
export interface Pattern {
  test(value: string): boolean;
  /** `template` with what the groups have found put in; null where the expression does not match. */
  expand(value: string, template: string): string | null;
}

/** A dashboard's variable with all VMs of a fleet is a long one. */
const LENGTH_MAX = 20_000;

/** What Go's `Expand` takes for a group: `$1`, `$name` as far as letters, digits and `_` go, or `${name}`; `$$` is a `$`. */
const GROUP = /\$(?:\$|\{(\w+)\}|(\w+))/g;

/** Whole words, as dashboards make them of the values of a variable: `web-1|web-2`, with points and dashes escaped or not. */
const WORDS = /^(?:[\w:-]|\\[.-])+(?:\|(?:[\w:-]|\\[.-])+)*$/;

/** Runs in linear time whatever is written in it. Errors: `bad_data` where RE2 refuses it. */
export function patternOf(text: string): Pattern {
  if (text.length > LENGTH_MAX) throw new PromError('bad_data', `a regular expression is longer than ${LENGTH_MAX} characters`);
  if (!WORDS.test(text)) return patternBy(compile(text));
  const words = new Set(text.replaceAll('\\', '').split('|'));
  return { test: (value) => words.has(value), expand: (value, template) => patternBy(compile(text)).expand(value, template) };
}

const patternBy = (regex: re2.RE2JS): Pattern => ({
  test: (value) => regex.testExact(value),
  expand(value, template) {
    const found = regex.matcher(value);
    if (!found.matches()) return null;
    return template.replaceAll(GROUP, (all, braced?: string, bare?: string) => {
      const name = braced ?? bare;
      if (name === undefined) return all.slice(1);
      const index = /^\d+$/.test(name) ? Number(name) : regex.namedGroups()[name];
      // A group that there is not, or that took no part, is empty.
      return index === undefined || index > found.groupCount() ? '' : (found.group(index) ?? '');
    });
  },
});

/** Loaded when somebody asks for more than words: most hubs never need its memory. */
const load = () => createRequire(import.meta.url)('re2js') as typeof re2;

function compile(text: string): re2.RE2JS {
  const { RE2JS } = load();
  try {
    return RE2JS.compile(`(?s:${text})`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PromError('bad_data', `the regular expression "${text}" does not parse: ${reason}`);
  }
}
