import { sql, type Kysely } from 'kysely';
import { sleep } from './wait.ts';

const ASK_MS = 200;

/**
 * Of all hubs on the database one at a time. It asks again and again instead of waiting in the database: there, a statement that waits would hold up
 * indices that are built concurrently, and they are what DBOS' own tables begin with.
 */
export async function oneAtATime<T, Tables>(
  db: Kysely<Tables>,
  { name, signal }: { name: string; signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  return db.connection().execute(async (connection) => {
    const isFree = async (): Promise<boolean> => {
      const { rows } = await sql<{ got: boolean }>`select pg_try_advisory_lock(hashtext(${name})) as got`.execute(connection);
      return rows[0]?.got === true;
    };
    while (!(await isFree())) await sleep(ASK_MS, signal);
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(hashtext(${name}))`.execute(connection);
    }
  });
}
