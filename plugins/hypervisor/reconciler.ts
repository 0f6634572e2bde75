import type { Connection, Domain } from 'node-libvirt';
import type { Clock, Events, Log } from 'novacron/plugin';
import { DomainReader, findDomain, type SeenDomain } from './domains.ts';
import type { HostLink } from './host-link.ts';
import type { Inventory, VmEntry } from './inventory.ts';
import { entryOfRow, isHeld, judge } from './judge.ts';
import type { Store, VmRow } from './store.ts';

export interface ReconcilerOptions {
  readonly inventory: Inventory;
  readonly store: Store;
  readonly events: Pick<Events, 'publish'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a look at a host found, beside what was recorded before it. */
interface Look {
  readonly ids: ReadonlySet<string>;
  readonly rows: ReadonlyMap<string, VmRow>;
  /** Set when only one VM was looked at. */
  readonly only?: string;
}

/** Compares hosts with the inventory, all the time: what hosts have is shown, what differs is said, nothing of theirs is changed. */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #reader = new DomainReader();
  /** One look at a host at a time, so that an older look cannot overwrite a newer one. */
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #scanned = new Set<string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Shows what the database knows before any host has answered. */
  async load(): Promise<void> {
    for (const row of await this.#options.store.all()) this.#options.inventory.put(entryOfRow(row, stateOfUnseen(row)));
  }

  /** Looks at all domains of a host. */
  scan(link: HostLink, conn: Connection): Promise<void> {
    return this.#inTurn(link.name, async () => {
      // Rows first: a VM that a job makes meanwhile is then new to us, never lost.
      const rows = new Map((await this.#options.store.all()).map((row) => [row.id, row]));
      const domains = await conn.listAllDomains();
      const seen = await Promise.all(domains.map((domain) => this.#reader.read(link.name, domain)));
      const ids = new Set<string>();
      for (const domain of seen) {
        if (domain === undefined) continue;
        ids.add(domain.parsed.id);
        await this.#apply(link.name, domain, rows.get(domain.parsed.id));
      }
      await this.#applyUnseen(link.name, { ids, rows });
      this.#scanned.add(link.name);
    });
  }

  /** Looks at one domain, after an event or at the end of a job. */
  refresh(link: HostLink, id: string): Promise<VmEntry | undefined> {
    return this.#inTurn(link.name, async () => {
      const row = await this.#options.store.get(id);
      const seen = await link.use(async (conn) => {
        const domain: Domain | undefined = await findDomain(conn, link.name, id);
        return domain && this.#reader.read(link.name, domain);
      });
      if (seen) await this.#apply(link.name, seen, row);
      else await this.#applyUnseen(link.name, { ids: new Set(), rows: new Map(row ? [[id, row]] : []), only: id });
      return this.#options.inventory.get(id);
    });
  }

  /** Nobody can say how its VMs are. */
  lost(host: string): void {
    for (const entry of this.#options.inventory.all())
      if (entry.host === host && entry.state !== 'trashed' && entry.state !== 'missing') this.#show({ ...entry, state: 'unknown' });
  }

  /** A VM that does not exist any more, by our own doing. */
  forget(id: string): void {
    const entry = this.#options.inventory.get(id);
    this.#reader.forget(id);
    this.#options.inventory.remove(id);
    if (entry) this.#publish(entry, 'removed');
  }

  async #apply(host: string, seen: SeenDomain, row: VmRow | undefined): Promise<void> {
    const { inventory, store, clock, log } = this.#options;
    const now = clock.now();
    const before = inventory.get(seen.parsed.id);
    const { entry, write } = judge({ host, seen, row, before, now });
    if (write.is === 'nothing') return this.#show(entry);
    if (write.is === 'place') {
      log.info({ vm: entry.id, host, state: write.state }, 'a VM is elsewhere or otherwise than recorded');
      await store.place(entry.id, { host, state: write.state, now });
      return this.#show(entry);
    }
    if (await store.insert(write.row)) {
      log.info({ vm: entry.id, host }, 'a VM was recorded from what its host says');
      return this.#show(entry);
    }
    const raced = await store.get(entry.id);
    this.#show(raced ? judge({ host, seen, row: raced, before, now }).entry : withTakenName(entry));
  }

  async #applyUnseen(host: string, { ids, rows, only }: Look): Promise<void> {
    const { inventory, store, clock, log } = this.#options;
    const now = clock.now();
    for (const row of rows.values()) {
      if (row.host !== host || ids.has(row.id)) continue;
      if (isHeld(row, now)) {
        if (row.state === 'reserved') this.#show(entryOfRow(row, 'creating'));
      } else if (row.state === 'reserved') {
        log.warn({ vm: row.id }, 'a reservation whose job is long over was dropped');
        await store.remove(row.id);
        this.forget(row.id);
      } else {
        if (row.state !== 'missing') await store.place(row.id, { host, state: 'missing', now });
        this.#show(entryOfRow(row, 'missing'));
      }
    }
    for (const entry of inventory.all())
      if (entry.host === host && !ids.has(entry.id) && !rows.has(entry.id) && (only === undefined || only === entry.id))
        this.forget(entry.id);
  }

  #show(entry: VmEntry): void {
    const before = this.#options.inventory.get(entry.id);
    this.#options.inventory.put(entry);
    if (before === undefined && this.#scanned.has(entry.host)) this.#publish(entry, 'created');
    else if (before && fingerprint(before) !== fingerprint(entry)) this.#publish(entry, 'changed');
  }

  #publish({ id, name, tenant }: VmEntry, change: 'created' | 'changed' | 'removed'): void {
    const { events, log } = this.#options;
    events
      .publish('resource.changed', tenant, { kind: 'vm', id, name, change })
      .catch((error: unknown) => log.warn({ err: error, vm: id }, 'a change was not published'));
  }

  #inTurn<T>(host: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(host) ?? Promise.resolve()).then(work);
    this.#turns.set(
      host,
      mine.catch(() => undefined),
    );
    return mine;
  }
}

const stateOfUnseen = (row: VmRow): VmEntry['state'] =>
  row.state === 'trashed' || row.state === 'missing' ? row.state : row.state === 'reserved' ? 'creating' : 'unknown';

/** Two hosts each have a VM of that name, and only one can have it here: the other is shown with a part of its id. */
const withTakenName = (entry: VmEntry): VmEntry => ({
  ...entry,
  name: `${entry.name}-${entry.id.slice(0, 8)}`,
  drift: [...entry.drift, { field: 'name', recorded: 'taken by another VM', actual: entry.name }],
});

/** What people see of it; when this is the same, nobody need be told. */
const fingerprint = ({ name, tenant, tags, owner, host, state, vcpus, memoryBytes, managed, drift }: VmEntry): string =>
  JSON.stringify([name, tenant, tags, owner, host, state, vcpus, memoryBytes, managed, drift]);
