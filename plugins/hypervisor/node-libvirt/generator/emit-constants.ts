import type { Header, HeaderEnum } from './parse-headers.ts';
import { memberPrefix } from './names.ts';

/** Names that would not say much without the `vir` in front of them. */
const renamed: Record<string, string> = { virErrorNumber: 'ErrorCode' };

/** The TypeScript of one header's enums: each a const object, and a type of its values. */
export function emitEnums(enums: readonly HeaderEnum[]): string {
  return enums.flatMap(emitEnum).join('\n');
}

function emitEnum(one: HeaderEnum): string[] {
  const name = renamed[one.name] ?? one.name.replace(/^vir/, '');
  const prefix = memberPrefix(
    one.name,
    one.values.map((value) => value.name),
  );
  const members = one.values.map(
    (value) => `  ${value.name.replace(value.name.startsWith(prefix) ? prefix : 'VIR_', '')}: ${value.value},`,
  );
  return [
    `/** libvirt's \`${one.name}\`; the members begin with \`${prefix}\` in C. */`,
    `export const ${name} = {`,
    ...members,
    '} as const',
    `export type ${name} = (typeof ${name})[keyof typeof ${name}]`,
    '',
  ];
}

/** The names of typed parameters, such as `migrate_uri`. */
export function emitParameterNames(headers: readonly Header[]): string {
  const texts = new Map(headers.flatMap((header) => header.texts).map(({ name, text }) => [name.replace(/^VIR_/, ''), text]));
  return [
    '/** Names of typed parameters; in C each begins with `VIR_`. */',
    'export const ParameterName = {',
    ...[...texts].map(([name, text]) => `  ${name}: '${text.replaceAll("'", String.raw`\'`)}',`),
    '} as const',
    '',
  ].join('\n');
}
