import type { LatestSample, SampleBatch, SampleRow } from '../contract/metrics.ts';
import type { Actor } from '../contract/things.ts';
import { HubError } from '../contract/errors.ts';
import type { HttpDeps } from './deps.ts';
import type { Outbox } from './outbox.ts';

/** How long it is believed that somebody may (or may not) see a thing. */
const SIGHT_MS = 30_000;
/** Batches that wait for the question who may see them; newer ones are left out. */
const BATCHES_MAX = 100;

interface Options {
  readonly actor: Actor;
  readonly tables: readonly string[];
  readonly outbox: Outbox;
  readonly signal: AbortSignal;
}

type Deps = Pick<HttpDeps, 'metrics' | 'resources' | 'clock'>;

/** First the newest values, then each batch as it is written, of what this actor may see. */
export async function followSamples(deps: Deps, { actor, tables, outbox, signal }: Options): Promise<void> {
  const maySee = createSight(deps, actor);
  const waiting: SampleBatch[] = [];
  let wake: () => void = () => undefined;
  const unsubscribe = deps.metrics.onWrite((batch) => {
    if (!tables.includes(batch.table) || waiting.length >= BATCHES_MAX) return;
    waiting.push(batch);
    wake();
  });
  signal.addEventListener('abort', () => wake(), { once: true });
  try {
    for (const table of tables) for (const batch of toBatches(table, deps.metrics.latest(table))) await offer(batch, { maySee, outbox });
    while (!signal.aborted) {
      const batch = waiting.shift();
      if (batch === undefined) await new Promise<void>((resolve) => (wake = resolve));
      else await offer(batch, { maySee, outbox });
    }
  } finally {
    unsubscribe();
  }
}

type MaySee = (kind: string, id: string) => Promise<boolean>;

async function offer(batch: SampleBatch, { maySee, outbox }: { maySee: MaySee; outbox: Outbox }): Promise<void> {
  const [kind = batch.table] = batch.table.split('.');
  const rows: SampleRow[] = [];
  for (const row of batch.rows) if (await maySee(kind, row.entity)) rows.push(row);
  if (rows.length > 0) outbox.offer({ samples: { table: batch.table, at: batch.at, rows: rows.map(toJsonRow) } });
}

const toJsonRow = (row: SampleRow): SampleRow => ({
  ...row,
  values: Object.fromEntries(
    Object.entries(row.values).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : (value ?? null)]),
  ),
});

/** Asks for each thing once in a while: what cannot be found for this actor is not theirs to see. */
function createSight({ resources, clock }: Deps, actor: Actor): MaySee {
  const seen = new Map<string, { readonly may: boolean; readonly until: number }>();
  return async (kind, id) => {
    const key = `${kind}/${id}`;
    const known = seen.get(key);
    if (known !== undefined && known.until > clock.now()) return known.may;
    const may = await resources.get(kind, id, actor).then(
      () => true,
      (error: unknown) => {
        if (HubError.is(error) && error.status < 500) return false;
        throw error;
      },
    );
    seen.set(key, { may, until: clock.now() + SIGHT_MS });
    return may;
  };
}

/** One batch an instant, oldest first. */
function toBatches(table: string, samples: readonly LatestSample[]): SampleBatch[] {
  const byInstant = Map.groupBy(samples, (sample) => sample.at);
  return [...byInstant].toSorted(([a], [b]) => a - b).map(([at, rows]) => ({ table, at, rows }));
}
