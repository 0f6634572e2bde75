import { stripTypeScriptTypes } from 'node:module';
import { parse, type Comment, type Expression, type Program } from 'acorn';
import { HubError } from 'novacron/plugin';
import { hasTag, type Cell, type Notebook } from './notebook.ts';

export type ParameterValue = string | number | boolean;

/** A parameter as its cell declares it: `const days: number = 28 // Days of history`. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'number' | 'boolean';
  /** Of a union of strings; empty: any. */
  readonly choices: readonly string[];
  /** Resource kind of a `Picker<'vm'>`. */
  readonly picker: string | null;
  readonly default: ParameterValue;
  readonly help: string | null;
}

const invalid = (message: string): HubError => new HubError('notebook_parameters', message, { status: 422 });

/** The parameters of the cell tagged `parameters` (papermill's convention), with types and defaults. */
export function parametersOf(notebook: Notebook): Parameter[] {
  const cell = notebook.cells.find((each) => hasTag(each, 'parameters'));
  return cell === undefined ? [] : declarationsOf(cell.source);
}

interface Parsed {
  readonly program: Program;
  readonly comments: readonly Comment[];
}

function parsed(js: string): Parsed {
  const comments: Comment[] = [];
  const program = parse(js, { ecmaVersion: 'latest', sourceType: 'module', locations: true, onComment: comments });
  return { program, comments };
}

/** `const days: number = 28`, with the type as a group of its own. */
const DECLARED_TYPE = /^(\s*(?:export\s+)?(?:const|let|var)\s+[\p{ID_Start}$_][\p{ID_Continue}$]*\s*)(:[^=\n]*)(?==)/gmu;

/**
 * Types become blanks of the same width: what stands there in the code is the type. That is easy for types as parameters have them; Node's own
 * stripper knows all of TypeScript, but costs 15 MB for as long as the hub runs.
 */
function parsedWithoutTypes(code: string): Parsed {
  try {
    return parsed(code.replaceAll(DECLARED_TYPE, (_, head: string, type: string) => head + ' '.repeat(type.length)));
  } catch {
    return parsed(stripTypeScriptTypes(code));
  }
}

function declarationsOf(code: string): Parameter[] {
  const { program, comments } = parsedWithoutTypes(code);
  return program.body.flatMap((statement) => {
    if (statement.type !== 'VariableDeclaration') return [];
    return statement.declarations.map(({ id, init, loc }) => {
      if (id.type !== 'Identifier' || !init) throw invalid('A parameter is declared with a name and a default: const days: number = 28');
      const value = literalOf(init, id.name);
      const written = code.slice(id.start, init.start).slice(id.name.length).replace(/^\s*:/u, '').replace(/=\s*$/u, '').trim();
      const help = comments.find((comment) => comment.loc?.start.line === loc?.end.line)?.value.trim() ?? null;
      return { name: id.name, default: value, help, ...typeOf(written, value, id.name) };
    });
  });
}

function literalOf(node: Expression, name: string): ParameterValue {
  if (node.type === 'Literal' && ['string', 'number', 'boolean'].includes(typeof node.value)) return node.value as ParameterValue;
  if (node.type === 'UnaryExpression' && node.operator === '-' && node.argument.type === 'Literal') return -Number(node.argument.value);
  if (node.type === 'TemplateLiteral' && node.expressions.length === 0) return node.quasis[0]?.value.cooked ?? '';
  throw invalid(`The default of the parameter '${name}' must be a text, a number, true or false.`);
}

function typeOf(written: string, value: ParameterValue, name: string): Pick<Parameter, 'type' | 'choices' | 'picker'> {
  const type = typeof value as Parameter['type'];
  const picker = /^Picker<\s*['"]([a-z-]+)['"]\s*>$/u.exec(written)?.[1] ?? null;
  const choices =
    /^['"]/u.test(written) || written.startsWith('|')
      ? [...written.matchAll(/'([^']*)'|"([^"]*)"/gu)].map((match) => match[1] ?? match[2] ?? '')
      : [];
  if (picker === null && choices.length === 0 && written !== '' && written !== type)
    throw invalid(
      `The parameter '${name}' is of type ${written}, its default is a ${type}. Types are string, number, boolean, Picker<'kind'> and unions of texts.`,
    );
  return { type, choices, picker };
}

function valueOf(parameter: Parameter, given: unknown): ParameterValue {
  const { name, type, choices } = parameter;
  const refuse = (wanted: string): never => {
    throw new HubError('report_parameter_invalid', `The parameter '${name}' must be ${wanted}, not ${JSON.stringify(given)}.`, {
      status: 422,
    });
  };
  if (type === 'string') {
    if (typeof given !== 'string') return refuse('a text');
    return choices.length > 0 && !choices.includes(given) ? refuse(`one of ${choices.join(', ')}`) : given;
  }
  if (type === 'number') {
    const value = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
    return typeof value === 'number' && Number.isFinite(value) ? value : refuse('a number');
  }
  if (given === true || given === 'true') return true;
  return given === false || given === 'false' ? false : refuse('true or false');
}

/** The given values in their types; texts become numbers where a number is asked for. Names that are not declared are refused. */
export function checkParameters(declared: readonly Parameter[], given: Readonly<Record<string, unknown>>): Record<string, ParameterValue> {
  const unknown = Object.keys(given).find((name) => !declared.some((parameter) => parameter.name === name));
  if (unknown !== undefined) {
    const known = declared.length === 0 ? 'It takes none.' : `It takes: ${declared.map(({ name }) => name).join(', ')}.`;
    throw new HubError('report_parameter_unknown', `The report has no parameter '${unknown}'. ${known}`, { status: 422 });
  }
  return Object.fromEntries(
    declared
      .filter(({ name }) => Object.hasOwn(given, name))
      .map((parameter) => [parameter.name, valueOf(parameter, given[parameter.name])]),
  );
}

/** A copy with the cell `injected-parameters` after the one that declares them; one that is there from an earlier run is replaced. */
export function injectParameters(notebook: Notebook, values: Readonly<Record<string, ParameterValue>>): Notebook {
  const cells = structuredClone(notebook.cells).filter((cell) => !hasTag(cell, 'injected-parameters'));
  if (Object.keys(values).length === 0) return { ...notebook, cells };
  const injected: Cell = {
    cell_type: 'code',
    id: 'injected-parameters',
    metadata: { tags: ['injected-parameters'] },
    execution_count: null,
    outputs: [],
    source: Object.entries(values)
      .map(([name, value]) => `const ${name} = ${JSON.stringify(value)};`)
      .join('\n'),
  };
  const at = cells.findIndex((cell) => hasTag(cell, 'parameters'));
  return { ...notebook, cells: cells.toSpliced(at + 1, 0, injected) };
}
