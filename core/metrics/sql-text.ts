/** An identifier of ours in SQL. Names are validated where they are declared; this is the second lock on the door. */
export function ident(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new TypeError(`not an identifier: ${name}`);
  return `"${name}"`;
}

/** A string in SQL where DuckDB takes no bound value: paths in COPY, read_parquet and SET. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** `YYYY-MM-DD`, UTC, of an instant in epoch milliseconds. */
export const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

export const DAY_MS = 86_400_000;

/** Start of a UTC day in epoch milliseconds. */
export const dayStart = (day: string): number => Date.parse(`${day}T00:00:00Z`);
