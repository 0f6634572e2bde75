import { doc, sinceText } from './emit-doc.ts';
import type { Knowledge } from './knowledge.ts';
import { functionOf, seeFlags } from './knowledge.ts';
import { camelCase, typeName } from './names.ts';
import type { Protocol } from './parse-protocol.ts';

/** The TypeScript of a program's table of procedures. */
export function emitProcedures(
  program: string,
  protocol: Protocol,
  { homes, knowledge }: { homes: ReadonlyMap<string, string>; knowledge: Knowledge },
): string {
  const imports = new Map<string, string[]>();
  const pointers = new Set<string>();
  const typeOf = (name: string) => {
    const home = homes.get(name);
    if (!home) return 'nothing';
    const type = typeName(name, pointers);
    imports.set(home, [...(imports.get(home) ?? []), type]);
    return type;
  };
  const events: string[] = [];
  const calls: string[] = [];
  for (const procedure of protocol.procedures) {
    const base = `${program}_${procedure.name}`;
    const name = camelCase(procedure.name);
    if (homes.has(`${base}_msg`)) {
      events.push(`  ${name}: { program, number: ${procedure.number}, message: ${typeOf(`${base}_msg`)} },`);
      continue;
    }
    const extra = `${procedure.priority === 'high' ? ", priority: 'high'" : ''}${procedure.stream === 'none' ? '' : `, stream: '${procedure.stream}'`}`;
    const api = functionOf(procedure.name, knowledge);
    const flags = seeFlags(api);
    calls.push(
      ...doc([api && [`\`${api.name}\``, sinceText(api.since)].filter(Boolean).join(', '), flags && `Flags: ${flags}`], '  '),
      `  ${name}: { program, number: ${procedure.number}, args: ${typeOf(`${base}_args`)}, ret: ${typeOf(`${base}_ret`)}${extra} },`,
    );
  }
  return [
    ...(calls.some((line) => line.includes('nothing')) ? ["import { nothing } from '../xdr/codec.ts'"] : []),
    ...[...imports]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([home, names]) => `import { ${names.toSorted().join(', ')} } from './${home}.ts'`),
    '',
    '/** The number of the program in every packet of it. */',
    `const program = 0x${protocol.program.toString(16)}`,
    '',
    '/** What a client can call. */',
    `export const ${program}Procedures = {`,
    ...calls,
    '} as const',
    '',
    ...(events.length === 0
      ? []
      : [
          '/** What the server sends by itself once a client has registered for it. */',
          `export const ${program}Events = {`,
          ...events,
          '} as const',
          '',
        ]),
  ].join('\n');
}
