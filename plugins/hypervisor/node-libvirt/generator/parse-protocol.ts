import { evaluate } from './expression.ts';
import { parseEnumBody } from './parse-headers.ts';

/** How often a field occurs: `T x`, `T x[n]`, `T x<n>`, `T *x`. */
export type Multiplicity = { kind: 'one' } | { kind: 'fixed'; length: number } | { kind: 'list'; max: number } | { kind: 'optional' };

export interface Field {
  type: string;
  name: string;
  multiplicity: Multiplicity;
}

export type Declaration =
  | { kind: 'struct'; name: string; fields: Field[] }
  | { kind: 'typedef'; name: string; field: Field }
  | { kind: 'enum'; name: string };

/** One procedure with the annotations that stand in the comment above it. */
export interface ProtocolProcedure {
  name: string;
  number: number;
  /** `high`: libvirt promises that it does not wait for a hypervisor's monitor. */
  priority: 'high' | 'low';
  /** Whether a stream belongs to the call, and which way its data go as seen from the client. */
  stream: 'none' | 'read' | 'write';
}

export interface Protocol {
  program: number;
  declarations: Declaration[];
  procedures: ProtocolProcedure[];
}

/** Reads one `.x` file of libvirt: the part of the XDR language (RFC 4506) that these files use. */
export function parseProtocol(source: string, prefix: string, known: Map<string, number>): Protocol {
  const procedures = parseProcedures(source, prefix);
  const text = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^%.*$/gm, '');
  const declarations: Declaration[] = [];
  const statement =
    /const\s+(\w+)\s*=\s*([^;]+);|typedef\s+([^;]+);|enum\s+(\w+)\s*\{([^}]*)\}\s*;|struct\s+(\w+)\s*\{([^}]*)\}\s*;|union\s+(\w+)[^{]*\{[^}]*\}\s*;/g;
  let rest = text;
  for (const match of text.matchAll(statement)) {
    rest = rest.replace(match[0], '');
    const [, constant, value, typedef, enumName, enumBody, struct, structBody] = match;
    if (constant) known.set(constant, evaluate(value!, known));
    else if (typedef) declarations.push(parseTypedef(typedef, known));
    else if (enumName) {
      parseEnumBody(enumBody!, known);
      declarations.push({ kind: 'enum', name: enumName });
    } else if (struct) declarations.push({ kind: 'struct', name: struct, fields: parseFields(structBody!, known) });
  }
  if (rest.trim() !== '') throw new Error(`The protocol has something this generator does not know: "${rest.trim().slice(0, 120)}".`);
  return { program: known.get(`${prefix.toUpperCase()}_PROGRAM`)!, declarations, procedures };
}

function parseTypedef(text: string, known: ReadonlyMap<string, number>): Declaration {
  const field = parseField(text, known);
  return { kind: 'typedef', name: field.name, field };
}

function parseFields(body: string, known: ReadonlyMap<string, number>): Field[] {
  return body
    .split(';')
    .filter((line) => line.trim() !== '')
    .map((line) => parseField(line, known));
}

function parseField(text: string, known: ReadonlyMap<string, number>): Field {
  const match = /^\s*((?:unsigned\s+)?\w+)\s+(\*?)\s*(\w+)\s*(?:\[\s*([^\]]+)\]|<\s*([^>]*)>)?\s*$/.exec(text);
  if (!match) throw new Error(`Cannot read the field "${text.trim()}".`);
  const [, type, pointer, name, length, max] = match;
  return { type: type!.replaceAll(/\s+/g, ' '), name: name!, multiplicity: parseMultiplicity({ pointer, length, max }, known) };
}

function parseMultiplicity(
  written: { pointer: string | undefined; length: string | undefined; max: string | undefined },
  known: ReadonlyMap<string, number>,
): Multiplicity {
  if (written.pointer === '*') return { kind: 'optional' };
  if (written.length !== undefined) return { kind: 'fixed', length: evaluate(written.length, known) };
  if (written.max !== undefined) return { kind: 'list', max: evaluate(written.max, known) };
  return { kind: 'one' };
}

function parseProcedures(source: string, prefix: string): ProtocolProcedure[] {
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s*${prefix.toUpperCase()}_PROC_(\\w+)\\s*=\\s*(\\d+)`, 'g');
  return [...source.matchAll(pattern)].map(([, comment, name, number]) => ({
    name: name!.toLowerCase(),
    number: Number(number),
    priority: /@priority:\s*high/.test(comment!) ? 'high' : 'low',
    stream: /@readstream/.test(comment!) ? 'read' : /@writestream/.test(comment!) ? 'write' : 'none',
  }));
}
