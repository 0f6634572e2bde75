import { sql } from 'kysely';
import type { Actor, EventTypes, HubEvent } from '../contract.ts';
import type { State } from '../state/state.ts';

export interface Unsent {
  readonly at: number;
  readonly type: keyof EventTypes;
  readonly tenant: string | null;
  /** JSON text. */
  readonly body: string;
}

export interface View {
  readonly actor: Actor | null;
  readonly types: readonly string[] | undefined;
}

/** Events of an actor's own tenant and those of no tenant; admins and the hub itself see all. */
export const sees = ({ actor, types }: View, event: HubEvent): boolean =>
  (types === undefined || types.includes(event.type)) &&
  (actor === null || actor.role === 'admin' || event.tenant === null || event.tenant === actor.tenant);

/** Inserts in order, tells the other hubs, returns the cursors. */
export async function insertEvents(state: State, hub: string, items: readonly Unsent[]): Promise<number[]> {
  const [ats, types, tenants, bodies] = [
    items.map(({ at }) => at),
    items.map(({ type }) => type),
    items.map(({ tenant }) => tenant),
    items.map(({ body }) => body),
  ];
  const { rows } = await sql<{ cursor: number }>`
    select cursor from core.publish_events(${hub}, ${ats}::bigint[], ${types}::text[], ${tenants}::text[], ${bodies}::text[])`.execute(
    state.db,
  );
  return rows.map(({ cursor }) => cursor);
}

export async function selectEvents(
  state: State,
  after: number,
  options: { readonly view: View; readonly rowsMax: number },
): Promise<HubEvent[]> {
  const { actor, types } = options.view;
  let query = state.db.selectFrom('event').selectAll().where('cursor', '>', after);
  if (types !== undefined) query = query.where('type', 'in', types.length === 0 ? [''] : [...types]);
  if (actor !== null && actor.role !== 'admin')
    query = query.where(({ or, eb }) => or([eb('tenant', 'is', null), eb('tenant', '=', actor.tenant)]));
  return (await query.orderBy('cursor').limit(options.rowsMax).execute()) as HubEvent[];
}

/** The oldest and newest cursor that are kept; `undefined` when there are no events. */
export async function cursorRange(state: State): Promise<{ oldest: number; newest: number } | undefined> {
  const row = await state.db
    .selectFrom('event')
    .select(({ fn }) => [fn.min('cursor').as('oldest'), fn.max('cursor').as('newest')])
    .executeTakeFirst();
  return row?.oldest === null || row?.newest === null || row === undefined ? undefined : { oldest: row.oldest, newest: row.newest };
}

export async function deleteEventsUpTo(state: State, cursor: number): Promise<void> {
  await state.db.deleteFrom('event').where('cursor', '<=', cursor).execute();
}
