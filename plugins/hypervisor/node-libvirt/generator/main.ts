import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { constantsWithMeaning } from './constant-meanings.ts';
import { emitEnums, emitParameterNames } from './emit-constants.ts';
import { emitProcedures } from './emit-procedures.ts';
import { emitTypes, fileOf } from './emit-types.ts';
import type { Knowledge } from './knowledge.ts';
import { parseAnnotations } from './parse-annotations.ts';
import { functionIndex, parseFlags, parseSymbols } from './parse-functions.ts';
import type { Header } from './parse-headers.ts';
import { parseHeader } from './parse-headers.ts';
import type { Declaration, Protocol } from './parse-protocol.ts';
import { parseProtocol } from './parse-protocol.ts';

const target = path.join(import.meta.dirname, '..', 'src', 'generated');
const programs = ['remote', 'qemu', 'lxc'] as const;

/** Reads libvirt's sources and returns every generated file, by name. */
export async function generate(sources: string): Promise<Map<string, string>> {
  const known = new Map<string, number>();
  const files = new Map<string, string>();
  const headers = await readHeaders(path.join(sources, 'include', 'libvirt'), known);
  const knowledge = await readKnowledge(sources);
  const idle = constantsWithMeaning().filter((name) => !known.has(name));
  if (idle.length > 0) throw new Error(`constant-meanings.ts explains constants that libvirt does not have: ${idle.join(', ')}.`);
  for (const [name, header] of headers) {
    if (header.enums.length > 0) files.set(`constants-${name}.ts`, emitEnums(header.enums, knowledge));
  }
  files.set('parameter-names.ts', emitParameterNames([...headers.values()], knowledge));
  const homes = new Map<string, string>();
  const pointers = new Set<string>();
  for (const program of programs) {
    const text = await readFile(path.join(sources, 'src', 'remote', `${program}_protocol.x`), 'utf8');
    const protocol = parseProtocol(text, program, known);
    for (const [name, content] of emitProgram(program, protocol, { homes, pointers, knowledge })) files.set(name, content);
  }
  const version = /^\s*version: '([\d.]+)'/m.exec(await readFile(path.join(sources, 'meson.build'), 'utf8'))?.[1] ?? 'unknown';
  return new Map([...files].map(([name, content]) => [name, mark(content, version)]));
}

async function readHeaders(folder: string, known: Map<string, number>): Promise<Map<string, Header>> {
  const headers = new Map<string, Header>();
  // Some enums are made of values of others, so the order is that of libvirt's own includes.
  const first = ['libvirt-common.h.in', 'libvirt-host.h', 'libvirt-domain.h'];
  const names = (await readdir(folder))
    .filter((name) => /^(libvirt-.*|virterror)\.h(\.in)?$/.test(name) && !/admin|lxc/.test(name))
    .toSorted();
  for (const name of new Set([...first, ...names])) {
    const short = name
      .replace(/^libvirt-/, '')
      .replace(/\.h(\.in)?$/, '')
      .replace('virterror', 'error');
    headers.set(short, parseHeader(await readFile(path.join(folder, name), 'utf8'), known));
  }
  return headers;
}

/** Everything that doc comments are made of: versions, types of parameters, and which flags a function takes. */
async function readKnowledge(sources: string): Promise<Knowledge> {
  const read = async (folder: string, pattern: RegExp): Promise<string[]> => {
    const names = (await readdir(path.join(sources, folder))).filter((name) => pattern.test(name)).toSorted();
    return Promise.all(names.map((name) => readFile(path.join(sources, folder, name), 'utf8')));
  };
  const headers = await read('include/libvirt', /\.h(\.in)?$/);
  const symbols = await read('src', /^libvirt_(public|qemu|lxc)\.syms$/);
  const code = await read('src', /^libvirt(-.*)?\.c$/);
  return {
    annotations: new Map(headers.flatMap((text) => [...parseAnnotations(text)])),
    functions: functionIndex(
      new Map(symbols.flatMap((text) => [...parseSymbols(text)])),
      new Map(code.flatMap((text) => [...parseFlags(text)])),
    ),
  };
}

function emitProgram(
  program: string,
  protocol: Protocol,
  names: { homes: Map<string, string>; pointers: Set<string>; knowledge: Knowledge },
): Map<string, string> {
  const groups = new Map<string, Declaration[]>();
  for (const declaration of protocol.declarations) {
    // The numbers of the procedures are in the table of procedures.
    if (declaration.kind === 'enum' && declaration.name.endsWith('_procedure')) continue;
    const home = fileOf(declaration, program);
    names.homes.set(declaration.name, home);
    if (declaration.kind === 'typedef' && declaration.field.multiplicity.kind === 'optional') names.pointers.add(declaration.name);
    groups.set(home, [...(groups.get(home) ?? []), declaration]);
  }
  const files = new Map<string, string>();
  for (const [name, declarations] of groups) files.set(`${name}.ts`, emitTypes({ name, declarations }, names, names.knowledge));
  files.set(`procedures-${program}.ts`, emitProcedures(program, protocol, names));
  return files;
}

function mark(content: string, version: string): string {
  return [
    `// Generated by generator/main.ts from the protocol description and headers of libvirt ${version}. Do not edit: change the generator.`,
    content,
  ].join('\n');
}

/** Writes the files, or with --check says which of those in the folder differ. */
async function main(): Promise<void> {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { check: { type: 'boolean', default: false } } });
  const sources = positionals[0];
  if (!sources) throw new Error('Say where the unpacked sources of libvirt are: node generator/main.ts <folder> [--check]');
  const files = await generate(sources);
  const stale: string[] = [];
  for (const [name, content] of files) {
    const file = path.join(target, name);
    if (values.check) {
      const present = await readFile(file, 'utf8').catch(() => '');
      if (present !== content) stale.push(name);
    } else await writeFile(file, content);
  }
  if (stale.length > 0)
    throw new Error(`These generated files are not current: ${stale.join(', ')}. Run the generator and commit its result.`);
}

if (import.meta.main) await main();
