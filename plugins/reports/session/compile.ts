import { stripTypeScriptTypes } from 'node:module';
import { parse, type Node, type Pattern, type Program } from 'acorn';

/** A cell as it is run. Both texts have the cell's own lines, so that errors name the right ones without a source map. */
export interface CompiledCell {
  /** What the cell declares at its top: variables of the session, which later cells see and may declare again. */
  readonly names: readonly string[];
  /** The function declarations alone: they are there before the first statement runs, as everywhere in JavaScript. */
  readonly functions: string | null;
  /** An expression whose value is a promise of the value of the last expression. */
  readonly body: string;
  /** Characters that stand before the cell's first one in `body`. */
  readonly shift: number;
  /** Where `RETURN` was put: what follows on that line stands so much further right than in the cell. 1 is the first line and column. */
  readonly returnAt: { readonly line: number; readonly column: number } | null;
}

/** Called in place of `import`, so that the session decides where a name is looked for. */
export const IMPORT = '__novaImport';
/** Called in every turn of a loop, so that a loop without a pause can be stopped. */
export const TURN = '__novaTurn';

const PREFIX = "(async () => { 'use strict'; ";

export const RETURN = 'return (';

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Statement = Program['body'][number];
type VariableDeclaration = Extract<Statement, { type: 'VariableDeclaration' }>;
type ImportDeclaration = Extract<Statement, { type: 'ImportDeclaration' }>;

const blank = (text: string): string => text.replaceAll(/[^\n]/gu, ' ');
const newlines = (text: string): string => text.replaceAll(/[^\n]/gu, '');

/** Throws a SyntaxError that says what is wrong, and where in the cell. */
export function compileCell(code: string): CompiledCell {
  const js = stripTypeScriptTypes(code);
  const program = parse(js, { ecmaVersion: 'latest', sourceType: 'module' });
  const cell = new Cell(js);
  for (const statement of program.body) cell.take(statement);
  cell.returnLast(program.body.at(-1));
  for (const node of nodesOf(program)) cell.instrument(node);
  return cell.compiled();
}

class Cell {
  readonly names = new Set<string>();
  readonly edits: Edit[] = [];
  readonly functions: { start: number; end: number }[] = [];
  readonly #js: string;
  #returnAt: CompiledCell['returnAt'] = null;

  constructor(js: string) {
    this.#js = js;
  }

  take(statement: Statement): void {
    const { type } = statement;
    if (type === 'ImportDeclaration') this.#takeImport(statement);
    else if (type === 'ExportNamedDeclaration') this.#takeExport(statement);
    else if (type === 'VariableDeclaration') this.#takeVariables(statement);
    else if (type === 'FunctionDeclaration') {
      this.names.add(statement.id.name);
      this.functions.push(statement);
    } else if (type === 'ClassDeclaration') {
      this.names.add(statement.id.name);
      this.#insert(statement.start, `;${statement.id.name} = `);
      this.#insert(statement.end, ';');
    } else if (type === 'ExportDefaultDeclaration' || type === 'ExportAllDeclaration')
      throw new SyntaxError('A cell has nobody to export to: declare the value, and later cells see it.');
  }

  instrument(node: Node & { readonly body?: Node }): void {
    if (node.type === 'ImportExpression') this.edits.push({ start: node.start, end: node.start + 'import'.length, text: IMPORT });
    if (!/^(?:For|ForIn|ForOf|While|DoWhile)Statement$/u.test(node.type) || node.body === undefined) return;
    const { type, start, end } = node.body;
    if (type === 'BlockStatement') return this.#insert(start + 1, ` ${TURN}();`);
    this.#insert(start, `{ ${TURN}(); `);
    this.#insert(end, ' }');
  }

  /** The value of the last expression is the value of the cell. */
  returnLast(last: Statement | undefined): void {
    if (last?.type !== 'ExpressionStatement') return;
    const before = this.#js.slice(0, last.start).split('\n');
    this.#returnAt = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    this.#insert(last.start, RETURN);
    const hasSemicolon = this.#js[last.end - 1] === ';';
    this.edits.push({ start: hasSemicolon ? last.end - 1 : last.end, end: last.end, text: ');' });
  }

  compiled(): CompiledCell {
    const parts = this.functions.map(({ start, end }) => ({ start, end, text: blank(this.#js.slice(start, end)) }));
    const inFunction = ({ start }: Edit): boolean => this.functions.some((each) => start >= each.start && start < each.end);
    const body = applyEdits(this.#js, [...this.edits.filter((edit) => !inFunction(edit)), ...parts]);
    const functions = this.functions.length === 0 ? null : this.#onlyFunctions(this.edits.filter(inFunction));
    return { names: [...this.names], functions, body: `${PREFIX}${body}\n})()`, shift: PREFIX.length, returnAt: this.#returnAt };
  }

  #onlyFunctions(edits: readonly Edit[]): string {
    const rest: Edit[] = [];
    let from = 0;
    for (const { start, end } of this.functions) {
      rest.push({ start: from, end: start, text: blank(this.#js.slice(from, start)) });
      from = end;
    }
    rest.push({ start: from, end: this.#js.length, text: blank(this.#js.slice(from)) });
    return applyEdits(this.#js, [...edits, ...rest]);
  }

  #insert(at: number, text: string): void {
    this.edits.push({ start: at, end: at, text });
  }

  #takeImport({ start, end, source, specifiers, attributes }: ImportDeclaration): void {
    const options = attributes.map(({ key, value }) => `${this.#js.slice(key.start, key.end)}: ${JSON.stringify(value.value)}`).join(', ');
    const named: string[] = [];
    const wanted: string[] = [];
    let all = '';
    for (const specifier of specifiers) {
      const local = specifier.local.name;
      this.names.add(local);
      if (specifier.type === 'ImportNamespaceSpecifier') all = `${local} = `;
      else {
        const { imported } = specifier.type === 'ImportDefaultSpecifier' ? { imported: null } : specifier;
        const name = imported === null ? 'default' : imported.type === 'Literal' ? String(imported.value) : imported.name;
        wanted.push(name);
        named.push(`${JSON.stringify(name)}: ${local}`);
      }
    }
    const attributed = options === '' ? 'undefined' : `{ with: { ${options} } }`;
    const from = `await ${IMPORT}(${JSON.stringify(source.value)}, ${attributed}, ${JSON.stringify(wanted)})`;
    const text = named.length > 0 ? `;({ ${named.join(', ')} } = ${all}${from});` : `;${all}${from};`;
    this.edits.push({ start, end, text: text + newlines(this.#js.slice(start, end)) });
  }

  #takeExport(statement: Extract<Statement, { type: 'ExportNamedDeclaration' }>): void {
    const { start, end, declaration } = statement;
    const upTo = declaration?.start ?? end;
    this.edits.push({ start, end: upTo, text: blank(this.#js.slice(start, upTo)) });
    if (declaration) this.take(declaration);
  }

  /** `const a = 1, b = 2` becomes `(a = 1, b = 2)`: the names are variables of the session. */
  #takeVariables({ start, end, declarations }: VariableDeclaration): void {
    const first = declarations[0]?.start ?? start;
    // As wide as it was, so that columns stay right as well.
    this.edits.push({ start, end: first, text: `;(${blank(this.#js.slice(start + 2, first))}` });
    for (const { id, init } of declarations) {
      addNames(id, this.names);
      if (!init) this.#insert(id.end, ' = undefined');
    }
    const hasSemicolon = this.#js[end - 1] === ';';
    this.edits.push({ start: hasSemicolon ? end - 1 : end, end, text: ');' });
  }
}

function addNames(pattern: Pattern | null, names: Set<string>): void {
  if (pattern === null) return;
  if (pattern.type === 'Identifier') names.add(pattern.name);
  else if (pattern.type === 'AssignmentPattern') addNames(pattern.left, names);
  else if (pattern.type === 'RestElement') addNames(pattern.argument, names);
  else if (pattern.type === 'ArrayPattern') for (const element of pattern.elements) addNames(element, names);
  else if (pattern.type === 'ObjectPattern')
    for (const property of pattern.properties) addNames(property.type === 'RestElement' ? property.argument : property.value, names);
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  let from = 0;
  let made = '';
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    made += text.slice(from, edit.start) + edit.text;
    from = edit.end;
  }
  return made + text.slice(from);
}

/** The node and all below it, from the inside out: of two edits at one place the inner one comes first. */
function nodesOf(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(nodesOf);
  const below = Object.values(node).flatMap(nodesOf);
  return 'type' in node && 'start' in node ? [...below, node as Node] : below;
}
