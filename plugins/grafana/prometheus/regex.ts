import { RE2JS } from 're2js';
import { PromError } from './errors.ts';

/** A regular expression as Prometheus understands it: RE2's words, and the whole of a value or nothing. */
export interface Pattern {
  test(value: string): boolean;
  /** `template` with what the groups have found put in; null where the expression does not match. */
  expand(value: string, template: string): string | null;
}

const LENGTH_MAX = 1000;

/** What Go's `Expand` takes for a group: `$1`, `$name` as far as letters, digits and `_` go, or `${name}`; `$$` is a `$`. */
const GROUP = /\$(?:\$|\{(\w+)\}|(\w+))/g;

/** Runs in linear time whatever is written in it. Errors: `bad_data` where RE2 refuses it. */
export function patternOf(text: string): Pattern {
  if (text.length > LENGTH_MAX) throw new PromError('bad_data', `a regular expression is longer than ${LENGTH_MAX} characters`);
  const regex = compile(text);
  return {
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
  };
}

function compile(text: string): RE2JS {
  try {
    return RE2JS.compile(`(?s:${text})`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PromError('bad_data', `the regular expression "${text}" does not parse: ${reason}`);
  }
}
