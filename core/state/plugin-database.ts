import { type Database, HubError } from '../contract.ts';
import { type Connection, type ConnectionPool, inTransaction } from './pool.ts';

const PLUGIN_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;
const PLUGIN_NAME_LENGTH_MAX = 48;

/** `node-pools` -> `plugin_node_pools`. Underscores are not allowed in plugin names, so two plugins never share a schema. */
export function pluginSchema(name: string): string {
  if (!PLUGIN_NAME.test(name) || name.length > PLUGIN_NAME_LENGTH_MAX) {
    throw new HubError(
      'plugin_name_invalid',
      `"${name.slice(0, 80)}" is no plugin name. Use kebab-case of at most ${PLUGIN_NAME_LENGTH_MAX} characters, such as "node-pools".`,
      { status: 400 },
    );
  }
  return `plugin_${name.replaceAll('-', '_')}`;
}

/** Values become `$1`, `$2`: text from outside never becomes SQL. An array becomes a PostgreSQL array, an object JSON. */
function statement(strings: TemplateStringsArray, values: readonly unknown[]): { text: string; values: unknown[] } {
  const text = strings.reduce((before, part, index) => `${before}$${index}${part}`);
  return { text, values: [...values] };
}

async function select<T extends object>(connection: Connection, strings: TemplateStringsArray, values: readonly unknown[]): Promise<T[]> {
  const bound = statement(strings, values);
  const { rows } = await connection.query(bound.text, bound.values);
  return rows as T[];
}

const SAVEPOINT_NAME = 'nested';

/** The same connection for all of a transaction; a transaction inside it is a savepoint. */
const inside = (connection: Connection): Database => ({
  sql: (strings, ...values) => select(connection, strings, values),
  async transaction(work) {
    await connection.query(`savepoint ${SAVEPOINT_NAME}`);
    try {
      const result = await work(inside(connection));
      await connection.query(`release savepoint ${SAVEPOINT_NAME}`);
      return result;
    } catch (error) {
      await connection.query(`rollback to savepoint ${SAVEPOINT_NAME}; release savepoint ${SAVEPOINT_NAME}`).catch(() => undefined);
      throw error;
    }
  },
});

/** A plugin sees its own schema first and only; the core's tables are out of its search path. */
export function createPluginDatabase(pool: ConnectionPool, name: string): Database {
  const schema = pluginSchema(name);
  const withSchema = async <T>(work: (connection: Connection) => Promise<T>): Promise<T> => {
    const connection = await pool.connect();
    try {
      if (connection.searchPath !== schema) await connection.query(`set search_path to "${schema}"`);
      connection.searchPath = schema;
      return await work(connection);
    } finally {
      connection.release();
    }
  };
  return {
    sql: (strings, ...values) => withSchema((connection) => select(connection, strings, values)),
    transaction: (work) => withSchema((connection) => inTransaction(connection, () => work(inside(connection)))),
  };
}
