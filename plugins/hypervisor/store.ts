import { HubError, type Database } from 'novacron/plugin';
import type { Definition, DiskDefinition } from './domain-parse.ts';

/** `reserved`: its job has not made the domain yet. `missing`: the host no longer has it. */
export type RowState = 'reserved' | 'present' | 'trashed' | 'missing';

/** What the hub recorded of a managed VM; drift is the difference between this and the host. */
export interface VmRow extends Definition {
  readonly id: string;
  readonly host: string;
  readonly tenant: string;
  readonly name: string;
  readonly domainName: string;
  readonly state: RowState;
  readonly heldUntil: number | null;
}

type RawRow = Omit<VmRow, 'memoryBytes' | 'disks' | 'heldUntil'> & {
  readonly memoryBytes: string | number;
  readonly heldUntil: string | number | null;
  readonly disks: string | readonly DiskDefinition[];
};

const fromRaw = (raw: RawRow): VmRow => ({
  ...raw,
  memoryBytes: Number(raw.memoryBytes),
  heldUntil: raw.heldUntil === null ? null : Number(raw.heldUntil),
  disks: typeof raw.disks === 'string' ? (JSON.parse(raw.disks) as DiskDefinition[]) : raw.disks,
});

const nameTaken = (tenant: string, name: string): HubError =>
  new HubError(
    'vm_name_taken',
    `There is already a VM '${name}' in tenant '${tenant}'. Choose another name, or rename or delete that one.`,
    {
      status: 409,
      details: { tenant, name },
    },
  );

/** The rows of table `vm`: all its SQL is here. */
export class Store {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async all(): Promise<VmRow[]> {
    return (await this.#db.sql<RawRow>`select * from "vm" order by "id"`).map(fromRaw);
  }

  async get(id: string): Promise<VmRow | undefined> {
    const rows = await this.#db.sql<RawRow>`select * from "vm" where "id" = ${id}`;
    return rows.map(fromRaw)[0];
  }

  /** Takes the name. Calling it again for the same id is the same as once. HubError `vm_name_taken`. */
  async reserve(row: VmRow): Promise<void> {
    if (await this.insert(row)) return;
    if ((await this.get(row.id)) === undefined) throw nameTaken(row.tenant, row.name);
  }

  /** False when the id or the name is there already. */
  async insert(row: VmRow): Promise<boolean> {
    const { id, host, tenant, name, domainName, state, vcpus, memoryBytes, heldUntil } = row;
    const rows = await this.#db.sql`
      insert into "vm" ("id", "host", "tenant", "name", "domainName", "state", "vcpus", "memoryBytes", "disks", "heldUntil")
      values (${id}, ${host}, ${tenant}, ${name}, ${domainName}, ${state}, ${vcpus}, ${memoryBytes}, ${JSON.stringify(row.disks)}::jsonb, ${heldUntil})
      on conflict do nothing returning "id"`;
    return rows.length > 0;
  }

  /** Writes all of a row. HubError `vm_name_taken` when its name belongs to another VM by now. */
  async put(row: VmRow): Promise<void> {
    const { id, host, tenant, name, domainName, state, vcpus, memoryBytes, heldUntil } = row;
    try {
      await this.#db.sql`
        insert into "vm" ("id", "host", "tenant", "name", "domainName", "state", "vcpus", "memoryBytes", "disks", "heldUntil")
        values (${id}, ${host}, ${tenant}, ${name}, ${domainName}, ${state}, ${vcpus}, ${memoryBytes}, ${JSON.stringify(row.disks)}::jsonb, ${heldUntil})
        on conflict ("id") do update set "host" = ${host}, "tenant" = ${tenant}, "name" = ${name}, "domainName" = ${domainName}, "state" = ${state},
          "vcpus" = ${vcpus}, "memoryBytes" = ${memoryBytes}, "disks" = ${JSON.stringify(row.disks)}::jsonb, "heldUntil" = ${heldUntil}`;
    } catch (error) {
      throw isUniqueViolation(error) ? nameTaken(tenant, name) : error;
    }
  }

  /** Only changes where the VM is and how; never touches a row that a job holds. */
  async place(id: string, to: { readonly host: string; readonly state: RowState; readonly now: number }): Promise<void> {
    const { host, state, now } = to;
    await this.#db.sql`
      update "vm" set "host" = ${host}, "state" = ${state} where "id" = ${id} and ("heldUntil" is null or "heldUntil" < ${now})`;
  }

  /** From now on a job decides about this row. */
  async hold(id: string, until: number): Promise<void> {
    await this.#db.sql`update "vm" set "heldUntil" = ${until} where "id" = ${id}`;
  }

  async release(id: string): Promise<void> {
    await this.#db.sql`update "vm" set "heldUntil" = null where "id" = ${id}`;
  }

  async remove(id: string): Promise<void> {
    await this.#db.sql`delete from "vm" where "id" = ${id}`;
  }
}

/** PostgreSQL's 23505, also when a layer between wrapped it. */
function isUniqueViolation(error: unknown): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) if ('code' in at && at.code === '23505') return true;
  return false;
}
