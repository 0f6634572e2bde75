import { meaningOfConstant } from './constant-meanings.ts';
import { doc, sinceText } from './emit-doc.ts';
import type { Knowledge } from './knowledge.ts';
import { moreParameterTypes } from './meanings.ts';
import { memberPrefix } from './names.ts';
import type { Header, HeaderEnum } from './parse-headers.ts';

/** Names that would not say much without the `vir` in front of them. */
const renamed: Record<string, string> = { virErrorNumber: 'ErrorCode' };

/** The TypeScript of one header's enums: each a const object, and a type of its values. */
export function emitEnums(enums: readonly HeaderEnum[], knowledge: Knowledge): string {
  const users = flagUsers(knowledge);
  return enums.flatMap((one) => emitEnum(one, { users: users.get(one.name) ?? [], knowledge })).join('\n');
}

/** Which functions take an enum as their flags. */
function flagUsers({ functions }: Knowledge): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { name, flags } of functions.values()) for (const flag of flags) users.set(flag, [...(users.get(flag) ?? []), name]);
  return users;
}

/** More than these would not be read. */
const usersMax = 6;

function emitEnum(one: HeaderEnum, { users, knowledge }: { users: readonly string[]; knowledge: Knowledge }): string[] {
  const name = renamed[one.name] ?? one.name.replace(/^vir/, '');
  const prefix = memberPrefix(
    one.name,
    one.values.map((value) => value.name),
  );
  const members = one.values.flatMap((value) => [
    ...doc([meaningOfConstant(value.name), sinceText(knowledge.annotations.get(value.name)?.since)], '  '),
    `  ${value.name.replace(value.name.startsWith(prefix) ? prefix : 'VIR_', '')}: ${value.value},`,
  ]);
  const more = users.length > usersMax ? ` and ${users.length - usersMax} others` : '';
  const taken = users.slice(0, usersMax).map((user) => `\`${user}\``);
  return [
    ...doc([
      `libvirt's \`${one.name}\`${taken.length > 0 ? `, flags of ${taken.join(', ')}${more}` : ''}; the members begin with \`${prefix}\` in C`,
    ]),
    `export const ${name} = {`,
    ...members,
    '} as const',
    `export type ${name} = (typeof ${name})[keyof typeof ${name}]`,
    '',
  ];
}

/** The names of typed parameters, such as `migrate_uri`, and the C types of those whose type libvirt fixes. */
export function emitParameterNames(headers: readonly Header[], { annotations }: Knowledge): string {
  const texts = headers.flatMap((header) => header.texts);
  const ofType = (type: string | undefined) => type && `of type \`${type}\``;
  const quote = (text: string) => `'${text.replaceAll("'", String.raw`\'`)}'`;
  const types = new Map<string, Set<string>>();
  for (const { name, text } of texts) {
    const type = annotations.get(name)?.type;
    if (type) types.set(text, (types.get(text) ?? new Set()).add(type));
  }
  // A name that several calls use with different types tells nothing.
  const certain = [...types].filter(([, all]) => all.size === 1).map(([text, [type]]) => [text, type!] as const);
  return [
    "import type { TypedParameterValue } from '../xdr/typed-parameter.ts'",
    '',
    '/** Names of typed parameters; in C each begins with `VIR_`. */',
    'export const ParameterName = {',
    ...new Map(
      texts.map(({ name, text }) => [
        name,
        [
          ...doc([ofType(annotations.get(name)?.type), sinceText(annotations.get(name)?.since)], '  '),
          `  ${name.replace(/^VIR_/, '')}: ${quote(text)},`,
        ].join('\n'),
      ]),
    ).values(),
    '} as const',
    '',
    '/** The types of parameters, where the name alone tells it. */',
    "export const parameterTypes: ReadonlyMap<string, TypedParameterValue['type']> = new Map([",
    ...[...certain, ...moreParameterTypes].map(([text, type]) => `  [${quote(text)}, '${type}'],`).toSorted(),
    '])',
    '',
  ].join('\n');
}
