/** A thing, or a part of it, as the evaluator needs to know it. */
export interface Row {
  /** `<kind>/<id>[/<device>]` */
  readonly key: string;
  readonly name: string;
  readonly device: string | null;
  readonly tenant: string | null;
  readonly tags: readonly string[];
}

export interface Scope {
  readonly names?: readonly string[];
  readonly tags?: readonly string[];
  readonly devices?: readonly string[];
  readonly tenant?: string;
}

/** Lists of rows by table, and which rows a scope means. */
export interface Scopes {
  set(table: string, rows: readonly Row[]): void;
  /** `undefined`: never said. */
  rows(table: string): readonly Row[] | undefined;
  indexOf(table: string, key: string): number | undefined;
  /** Indices of the rows that fit; `null`: all. Remembered until the table changes. */
  members(table: string, scope: Scope | null): Int32Array | null;
  fits(scope: Scope | null, row: Row): boolean;
}

interface Table {
  readonly rows: readonly Row[];
  readonly byKey: ReadonlyMap<string, number>;
  readonly byName: ReadonlyMap<string, readonly number[]>;
  readonly members: Map<string, Int32Array>;
}

const EMPTY: Table = { rows: [], byKey: new Map(), byName: new Map(), members: new Map() };

const isPattern = (name: string): boolean => name.includes('*');

const literal = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`);

const patternOf = (name: string): RegExp => new RegExp(`^${literal(name).replaceAll('*', '.*')}$`, 's');

export function createScopes(): Scopes {
  const tables = new Map<string, Table>();
  const patterns = new Map<string, RegExp>();

  function matches(wanted: string, text: string): boolean {
    if (!isPattern(wanted)) return wanted === text;
    const pattern = patterns.get(wanted) ?? patternOf(wanted);
    patterns.set(wanted, pattern);
    return pattern.test(text);
  }
  function fits(scope: Scope | null, row: Row): boolean {
    if (scope === null) return true;
    const { names, tags, devices, tenant } = scope;
    if (tenant !== undefined && row.tenant !== tenant) return false;
    if (tags?.some((tag) => !row.tags.includes(tag))) return false;
    const { device } = row;
    if (devices && (device === null || !devices.some((wanted) => matches(wanted, device)))) return false;
    return names === undefined || names.some((wanted) => matches(wanted, row.name));
  }
  /** Rows that can fit at all: by exact names these few, else every one. */
  function candidates({ rows, byName }: Table, { names }: Scope): readonly number[] {
    if (names === undefined || names.some(isPattern)) return [...rows.keys()];
    return [...new Set(names)].flatMap((name) => byName.get(name) ?? []);
  }
  return {
    fits,
    set(table, rows) {
      const byName = Map.groupBy(rows.keys(), (index) => rows[index]?.name ?? '');
      tables.set(table, { rows, byName, byKey: new Map(rows.map(({ key }, index) => [key, index])), members: new Map() });
    },
    rows: (table) => tables.get(table)?.rows,
    indexOf: (table, key) => (tables.get(table) ?? EMPTY).byKey.get(key),
    members(name, scope) {
      if (scope === null) return null;
      const table = tables.get(name) ?? EMPTY;
      const key = JSON.stringify(scope);
      const found =
        table.members.get(key) ?? Int32Array.from(candidates(table, scope).filter((index) => fits(scope, table.rows[index] as Row)));
      table.members.set(key, found);
      return found;
    },
  };
}
