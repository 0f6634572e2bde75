import type { DuckDBConnection } from '@duckdb/node-api';
import { HubError } from '../contract/errors.ts';

/** The tables of SQL that read nothing but what we made. */
const TABLE_FUNCTIONS = new Set(['range', 'generate_series', 'unnest', 'repeat_row']);
/** Functions that tell about the process, change the session, or run text as SQL; reading functions are refused by name as well, though DuckDB is locked. */
const FUNCTIONS_REFUSED =
  /^(getenv|getvariable|current_setting|setseed|nextval|currval|txid_current|error|glob|query|query_table|sniff_csv|current_(connection|query|transaction)_id|sleep.*|read_.*|write_.*|parquet_.*|pg_.*|duckdb_.*|pragma_.*|enable_.*|disable_.*|parse_duckdb.*|json_(de|execute_|)serialize.*|json_execute.*|get_block_size|current_query|version|has_.*_privilege)$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const TEXT_LENGTH_MAX = 20_000;

type Node = Readonly<Record<string, unknown>>;

const refused = (message: string): HubError => new HubError('sql_refused', message, { status: 400 });

function* nodes(value: unknown): Iterable<Node> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Node;
  for (const child of Object.values(value)) yield* nodes(child);
}

function queryNames(all: readonly Node[]): Set<string> {
  const names = new Set<string>();
  for (const node of all) {
    const map = (node['cte_map'] as { map?: { key: string }[] } | undefined)?.map ?? [];
    for (const { key } of map) {
      if (!NAME.test(key) || FUNCTIONS_REFUSED.test(key.toLowerCase()))
        throw refused(`A WITH query may not be called "${key}". Give it a plain name.`);
      names.add(key.toLowerCase());
    }
  }
  return names;
}

function checkTable(node: Node, names: ReadonlySet<string>, views: readonly string[]): void {
  const name = String(node['table_name']);
  const isOurs = node['schema_name'] === '' || (node['schema_name'] === 'main' && node['catalog_name'] === '');
  if (!isOurs || !names.has(name.toLowerCase())) throw refused(`There is no table "${name}" to read. The tables are: ${views.join(', ')}.`);
}

function checkFunction(name: string): void {
  if (FUNCTIONS_REFUSED.test(name.toLowerCase()))
    throw refused(`The function ${name} is not allowed here: queries read no files, settings or environment.`);
}

function checkNode(node: Node, names: ReadonlySet<string>, views: readonly string[]): void {
  if (typeof node['function_name'] === 'string') checkFunction(node['function_name']);
  switch (node['type']) {
    case 'BASE_TABLE':
      return checkTable(node, names, views);
    case 'TABLE_FUNCTION': {
      const name = String((node['function'] as Node | undefined)?.['function_name']);
      if (!TABLE_FUNCTIONS.has(name.toLowerCase()))
        throw refused(`The table function ${name} is not allowed here. The tables are: ${views.join(', ')}.`);
      return;
    }
    case 'SHOW_REF':
      if (node['query'] === null) throw refused(`That form is not allowed here; DESCRIBE <table> is. The tables are: ${views.join(', ')}.`);
      return;
    case 'PARAMETER':
    case 'VALUE_PARAMETER':
      throw refused('Parameters are not filled in here. Write the values into the query.');
    default:
  }
}

/** What a query reads of our views: names in lower case. `columns` null: all of them. */
export interface SqlReads {
  readonly views: ReadonlySet<string>;
  readonly columns: ReadonlySet<string> | null;
}

/** Forms that name columns without their names: `*`, COLUMNS(), #1, NATURAL JOIN, UNPIVOT. */
const namesAll = (node: Node): boolean =>
  ['STAR', 'POSITIONAL_REFERENCE', 'PIVOT', 'SHOW_REF'].includes(String(node['type'])) ||
  node['class'] === 'STAR' ||
  node['ref_type'] === 'NATURAL';

const strings = (value: unknown): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []);

const lower = (value: unknown): string => (typeof value === 'string' ? value.toLowerCase() : '');

function readsOf(all: readonly Node[], views: readonly string[]): SqlReads {
  const tables = all.filter((node) => node['type'] === 'BASE_TABLE');
  const read = new Set(tables.map((node) => lower(node['table_name'])));
  const rows = new Set(tables.flatMap((node) => [lower(node['table_name']), lower(node['alias'])]));
  const columns = new Set<string>();
  let isAll = all.some(namesAll);
  for (const node of all) {
    const names = strings(node['column_names']).map(lower);
    for (const name of [...names, ...strings(node['using_columns']).map(lower)]) columns.add(name);
    // The name of a table where a column stands is its whole row.
    if (names.length === 1 && rows.has(names[0]!)) isAll = true;
  }
  return { views: new Set(views.filter((view) => read.has(view))), columns: isAll ? null : columns };
}

/**
 * Refuses all but one SELECT over our views. It judges the tree that DuckDB's own parser makes, not the text; the connection's read-only
 * transaction and the locked configuration stand behind it. Errors: `sql_refused`, `sql_failed` for what does not parse.
 */
export async function guardSql(connection: DuckDBConnection, text: string, views: readonly string[]): Promise<SqlReads> {
  if (text.length > TEXT_LENGTH_MAX) throw refused(`The query is longer than ${TEXT_LENGTH_MAX} characters.`);
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)::VARCHAR', [text]);
  const tree = JSON.parse(String(reader.getRows()[0]?.[0])) as {
    error: boolean;
    error_type?: string;
    error_message?: string;
    statements?: unknown[];
  };
  if (tree.error && tree.error_type === 'parser')
    throw new HubError('sql_failed', `The query is not SQL: ${tree.error_message ?? ''}.`, { status: 400 });
  if (tree.error) throw refused('Only SELECT is allowed here: nothing that changes data, settings or files.');
  if (tree.statements?.length !== 1) throw refused('Give exactly one SELECT.');
  const all = [...nodes(tree.statements)];
  const names = queryNames(all);
  for (const view of views) names.add(view);
  for (const node of all) checkNode(node, names, views);
  return readsOf(all, views);
}
