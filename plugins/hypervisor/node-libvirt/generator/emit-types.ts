import { doc } from './emit-doc.ts';
import type { Knowledge } from './knowledge.ts';
import { functionOf, seeFlags } from './knowledge.ts';
import { meaningOfField } from './meanings.ts';
import { camelCase, pascalCase, typeName } from './names.ts';
import type { Declaration, Field } from './parse-protocol.ts';

/** The XDR types of C that have a codec of the same meaning in `src/xdr/codec.ts`. */
const primitives: Record<string, string> = {
  char: 'char',
  'unsigned char': 'uchar',
  short: 'short',
  'unsigned short': 'ushort',
  int: 'int',
  'unsigned int': 'uint',
  unsigned: 'uint',
  hyper: 'hyper',
  'unsigned hyper': 'uhyper',
  double: 'double',
};

export interface TypeFile {
  /** Without folder and ending: `types-domain`. */
  name: string;
  declarations: Declaration[];
}

/** Which file declares a type: types that others are made of come first, the rest goes by the object the calls are about. */
export function fileOf(declaration: Declaration, program: string): string {
  const name = declaration.name.replace(/^(remote|qemu|lxc)_/, '');
  if (program !== 'remote') return `types-${program}`;
  if (!/_(args|ret|msg)$/.test(name) || name === 'domain_get_security_label_ret') return 'types-common';
  if (name.endsWith('_msg')) return 'types-events';
  if (/^domain_(migrate|checkpoint|snapshot|backup|block)/.test(name)) return 'types-domain-data';
  if (/^domain_(set|get|list|interface|memory)/.test(name)) return 'types-domain-settings';
  if (name.startsWith('domain')) return 'types-domain';
  if (name.startsWith('network')) return 'types-network';
  if (name.startsWith('storage')) return 'types-storage';
  if (name.startsWith('connect')) return 'types-connect';
  return 'types-host';
}

/** The names that all files of types share: where each is declared, and which of them are pointers. */
export interface TypeNames {
  homes: ReadonlyMap<string, string>;
  pointers: ReadonlySet<string>;
}

/** The TypeScript of one file of types. */
export function emitTypes(file: TypeFile, { homes, pointers }: TypeNames, knowledge: Knowledge): string {
  const codecs = new Set<string>();
  const imports = new Map<string, Set<string>>();
  const codec = (type: string) => {
    const primitive = primitives[type];
    if (primitive) {
      codecs.add(primitive);
      return primitive;
    }
    if (type === 'remote_uuid') {
      codecs.add('uuid');
      return 'uuid';
    }
    const home = homes.get(type);
    if (!home) throw new Error(`The type "${type}" is used before it is declared.`);
    const name = typeName(type, pointers);
    if (home !== file.name) imports.set(home, (imports.get(home) ?? new Set()).add(name));
    return name;
  };
  const use = (name: string) => {
    codecs.add(name);
    return name;
  };
  const body = file.declarations.flatMap((declaration) => emitDeclaration(declaration, { codec, use, pointers, knowledge }));
  const own = [...imports]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([home, names]) => `import { ${[...names].toSorted().join(', ')} } from './${home}.ts'`);
  const typed = codecs.delete('typedParameterValue') ? [`import { typedParameterValue } from '../xdr/typed-parameter.ts'`] : [];
  const head = ["import type { Infer } from '../xdr/codec.ts'", `import { ${[...codecs].toSorted().join(', ')} } from '../xdr/codec.ts'`];
  return [...head, ...typed, ...own, '', ...body].join('\n');
}

interface Emit {
  codec(type: string): string;
  use(name: string): string;
  pointers: ReadonlySet<string>;
  knowledge: Knowledge;
}

function emitDeclaration(declaration: Declaration, emit: Emit): string[] {
  const name = typeName(declaration.name, emit.pointers);
  switch (declaration.kind) {
    case 'enum':
      return [`export const ${name} = ${emit.use('int')}`, ''];
    case 'typedef':
      return declaration.name === 'remote_uuid' ? [] : [`export const ${name} = ${expression(declaration.field, emit)}`, ''];
    case 'struct': {
      const flags = seeFlags(functionOf(declaration.name.replace(/^[a-z]+_|_args$/g, ''), emit.knowledge));
      const fields = declaration.fields.flatMap((field) => {
        const key = camelCase(field.name);
        const meaning = key === 'flags' ? flags : meaningOfField(name, key);
        return [...doc([meaning], '  '), `  ${key}: ${expression(field, emit)},`];
      });
      return [
        `export const ${name} = ${emit.use('struct')}({`,
        ...fields,
        '})',
        `export type ${pascalCase(name)} = Infer<typeof ${name}>`,
        '',
      ];
    }
  }
}

function expression(field: Field, emit: Emit): string {
  const many = field.multiplicity;
  if (field.type === 'remote_typed_param_value') return emit.use('typedParameterValue');
  if (field.type === 'string' && many.kind === 'list') return `${emit.use('xdrString')}(${many.max})`;
  if (field.type === 'opaque' && many.kind === 'list') return `${emit.use('opaque')}(${many.max})`;
  switch (many.kind) {
    case 'one':
      return emit.codec(field.type);
    case 'optional':
      return `${emit.use('optional')}(${emit.codec(field.type)})`;
    case 'list':
      return `${emit.use('array')}(${emit.codec(field.type)}, ${many.max})`;
    case 'fixed':
      return `${emit.use('fixedArray')}(${emit.codec(field.type)}, ${many.length})`;
  }
}
