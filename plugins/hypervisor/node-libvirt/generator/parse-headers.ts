import { evaluate } from './expression.ts';

/** One `typedef enum { ... } virName;` of libvirt's public headers. */
export interface HeaderEnum {
  name: string;
  values: { name: string; value: number }[];
}

/** What the generator takes from one header file. */
export interface Header {
  enums: HeaderEnum[];
  /** `#define VIR_NAME "text"`: names of typed parameters. */
  texts: { name: string; text: string }[];
}

/** Reads enums and constants; numbers are also added to `known`, for the headers and protocols read later. */
export function parseHeader(source: string, known: Map<string, number>): Header {
  const text = withoutSentinels(source.replaceAll(/\/\*[\s\S]*?\*\//g, ''));
  for (const [, name, value] of text.matchAll(/^# *define +(VIR_\w+) +(\(?[0-9x][^"\n]*)$/gm)) known.set(name!, evaluate(value!, known));
  const enums = [...text.matchAll(/typedef\s+enum\s*\{([^}]*)\}\s*(\w+)\s*;/g)].map(([, body, name]) => ({
    name: name!,
    values: parseEnumBody(body!, known),
  }));
  const texts = [...text.matchAll(/^# *define +(VIR_\w+) +"([^"]*)"/gm)].map(([, name, value]) => ({ name: name!, text: value! }));
  return { enums, texts };
}

/** The `..._LAST` members only exist inside libvirt and change with every version. */
function withoutSentinels(text: string): string {
  return text.replaceAll(/^# *ifdef VIR_ENUM_SENTINELS$[\s\S]*?^# *endif.*$/gm, '');
}

/** Members of an enum in order; one without a value follows the one before it. */
export function parseEnumBody(body: string, known: Map<string, number>): { name: string; value: number }[] {
  let next = 0;
  const values: { name: string; value: number }[] = [];
  for (const member of body.split(',')) {
    const match = /^\s*(\w+)\s*(?:=\s*([\s\S]+))?$/.exec(member.trimEnd());
    if (!match) {
      if (member.trim() === '') continue;
      throw new Error(`Cannot read the enum member "${member.trim()}".`);
    }
    const value = match[2] === undefined ? next : evaluate(match[2], known);
    known.set(match[1]!, value);
    values.push({ name: match[1]!, value });
    next = value + 1;
  }
  return values;
}
