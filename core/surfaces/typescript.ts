import type { Action } from '../contract/declare.ts';
import { describeAction } from './describe.ts';
import { inputJsonSchema, outputJsonSchema, type JsonSchema } from './json-schema.ts';

/** Actions as typed functions of a program: `vm.list` becomes `vm: { list: Read<{ tag?: string }, …> }`. */

export interface NamedAction {
  readonly plugin: string;
  readonly id: string;
  readonly action: Action;
}

/** `link-code` -> `linkCode`. */
const toCamel = (text: string): string => text.replaceAll(/-([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());

const isName = (text: string): boolean => /^[A-Za-z_$][\w$]*$/u.test(text);
const keyOf = (name: string): string => (isName(name) ? name : JSON.stringify(name));

interface Schema extends JsonSchema {
  readonly additionalProperties?: boolean | Schema;
  readonly prefixItems?: readonly Schema[];
  readonly $ref?: string;
}

/** The type of a JSON Schema. What it does not know is `unknown`, never wrong. */
export function typeOfSchema(schema: Schema): string {
  if (schema.$ref !== undefined) return 'unknown';
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const members = schema.anyOf ?? schema.oneOf;
  if (members !== undefined) return unionOf(members.map((member) => typeOfSchema(member)));
  const [type, ...more] = [schema.type ?? []].flat();
  if (more.length > 0) return unionOf([type, ...more].map((each) => typeOfSchema({ ...schema, type: each ?? 'null' })));
  switch (type) {
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      if (schema.prefixItems !== undefined) return `readonly [${schema.prefixItems.map(typeOfSchema).join(', ')}]`;
      return `readonly ${parenthesized(typeOfSchema(schema.items ?? {}))}[]`;
    case 'object':
      return objectType(schema);
    case undefined:
    default:
      return 'unknown';
  }
}

const unionOf = (types: readonly string[]): string => [...new Set(types)].join(' | ');
const parenthesized = (type: string): string => (/ \| |^readonly /u.test(type) ? `(${type})` : type);

function objectType({ properties = {}, required = [], additionalProperties }: Schema): string {
  const members = Object.entries(properties).map(([name, property]) => {
    const isOptional = !required.includes(name);
    return `readonly ${keyOf(name)}${isOptional ? '?' : ''}: ${typeOfSchema(property)}`;
  });
  if (members.length > 0) return `{ ${members.join('; ')} }`;
  if (typeof additionalProperties === 'object') return `Readonly<Record<string, ${typeOfSchema(additionalProperties)}>>`;
  return additionalProperties === false || additionalProperties === undefined
    ? 'Readonly<Record<string, never>>'
    : 'Readonly<Record<string, unknown>>';
}

interface Node {
  action: NamedAction | null;
  readonly below: Map<string, Node>;
}

function treeOf(actions: readonly NamedAction[]): Node {
  const root: Node = { action: null, below: new Map() };
  for (const action of actions) {
    let node = root;
    for (const word of action.id.split('.')) {
      const below = node.below.get(word) ?? { action: null, below: new Map() };
      node.below.set(word, below);
      node = below;
    }
    node.action = action;
  }
  return root;
}

const commentOf = ({ action }: NamedAction): string =>
  `/** ${action.title}.${action.help === undefined ? '' : ` ${action.help}`} */`.replaceAll(/\s+/gu, ' ').replaceAll('*/ ', '* / ');

function functionOf({ action }: NamedAction): string {
  const kind = action.risk === 'read' ? 'Read' : 'Change';
  return `${kind}<${typeOfSchema(inputJsonSchema(action))}, ${typeOfSchema(outputJsonSchema(action))}>`;
}

function membersOf(node: Node): string {
  return [...node.below]
    .map(([word, { action, below }]) => {
      const parts = [
        ...(action === null ? [] : [functionOf(action)]),
        ...(below.size === 0 ? [] : [`{\n${membersOf({ action: null, below })}}`]),
      ];
      return `${action === null ? '' : `${commentOf(action)}\n`}readonly ${keyOf(toCamel(word))}: ${parts.join(' & ')};\n`;
    })
    .join('');
}

/** The generated file: a type for the compiler, and a list for programs that run. */
export function notebookActions(actions: readonly NamedAction[]): string {
  const sorted = actions.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const list = sorted.map(({ plugin, id, action }) => {
    const { usage, help } = describeAction(plugin, id, action);
    return `${JSON.stringify(id)}: { risk: '${action.risk}', title: ${JSON.stringify(action.title)}, help: ${JSON.stringify(help)}, usage: ${JSON.stringify(usage)} },\n`;
  });
  return [
    '// Generated from the actions that plugins declare, by `npm run generate`. Do not edit.',
    "import type { Change, Known, Read } from '../calls.ts';",
    '',
    `export interface NovaActions {\n${membersOf(treeOf(sorted))}}`,
    '',
    `export const ACTIONS: Readonly<Record<string, Known>> = {\n${list.join('')}};`,
    '',
  ].join('\n');
}
