import { HubError, type SampleBatch } from 'novacron/plugin';
import type { GrafanaContext, GrafanaTools } from './config.ts';
import { unitConfig } from './frames.ts';
import { askSeries } from './query/series.ts';
import { kindOf, chooseTargets, type Choice } from './query/targets.ts';

/** Who has had a sample within this time is followed. */
const KNOWN_WITHIN_MS = 900_000;
/** A panel that takes nothing for so many samples is let go; the browser connects anew. */
const WAITING_MAX = 100;
const ALIVE_EVERY_MS = 15_000;

interface Followed {
  readonly metric: string;
  readonly isCounter: boolean;
  /** Names of things by id: of those the caller may see. */
  readonly names: ReadonlyMap<string, string>;
}

/** Turns written batches into values by series name; what a counter grew a second, from one sample to the next. */
export function createLiveReader({ metric, isCounter, names }: Followed): (batch: SampleBatch) => Record<string, number> | null {
  const [table, column] = [metric.slice(0, metric.lastIndexOf('.')), metric.slice(metric.lastIndexOf('.') + 1)];
  const before = new Map<string, { readonly at: number; readonly value: number }>();
  return (batch) => {
    if (batch.table !== table) return null;
    const values: Record<string, number> = {};
    for (const { entity, device, values: row } of batch.rows) {
      const [name, given] = [names.get(entity), row[column]];
      if (name === undefined || given === null || given === undefined) continue;
      const series = device === undefined ? name : `${name} ${device}`;
      const value = Number(given);
      const last = before.get(series);
      if (isCounter) before.set(series, { at: batch.at, value });
      if (!isCounter) values[series] = value;
      else if (last !== undefined && batch.at > last.at && value >= last.value)
        values[series] = ((value - last.value) * 1000) / (batch.at - last.at);
    }
    return Object.keys(values).length > 0 ? values : null;
  };
}

const say = (event: string, data: unknown): Uint8Array => Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);

/** The names of what is measured now, asked of the door in the caller's name. */
async function follow(ctx: GrafanaContext, metric: string, choice: Choice): Promise<{ followed: Followed; unit: string | null }> {
  const now = ctx.clock.now();
  const targets = await chooseTargets(ctx, kindOf(metric), choice);
  const { series } =
    targets === null
      ? { series: [] }
      : await askSeries(ctx, { metric, targets: targets.slice(0, 500), from: now - KNOWN_WITHIN_MS, to: now + 1 });
  const isCounter = ctx.services.metrics.declared().get(metric)?.kind === 'counter';
  const { unit } = unitConfig(series[0]?.unit);
  return {
    followed: { metric, isCounter, names: new Map(series.map(({ id, name }) => [id, name])) },
    unit: unit ?? null,
  };
}

/** Newest values as server-sent events, as they are written: `series` once, then `sample` after each scrape. */
export function liveEndpoints({ endpoint }: GrafanaTools) {
  let open = 0;
  return {
    'GET /live': endpoint({
      help: 'Live values of a metric as server-sent events',
      async handle(ctx, request) {
        const { searchParams } = new URL(request.url);
        const { streamsMax, minutesMax } = ctx.config.live;
        if (open >= streamsMax)
          throw new HubError('grafana_live_full', `${open} panels follow live values already. Close one, or raise live.streamsMax.`, {
            status: 503,
            retryable: true,
          });
        const only = (name: string): string | undefined => searchParams.get(name) || undefined;
        const choice = {
          targets: searchParams.getAll('targets').slice(0, 500),
          tenant: only('tenant'),
          tag: only('tag'),
          host: only('host'),
        };
        const { followed, unit } = await follow(ctx, only('metric') ?? '', choice);
        const read = createLiveReader(followed);
        const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(minutesMax * 60_000)]);
        open += 1;
        signal.addEventListener('abort', () => (open -= 1), { once: true });
        return new Response(stream({ ctx, read, signal, head: { metric: followed.metric, unit } }), {
          headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
        });
      },
    }),
  };
}

interface Stream {
  readonly ctx: GrafanaContext;
  readonly read: ReturnType<typeof createLiveReader>;
  readonly signal: AbortSignal;
  readonly head: object;
}

function stream({ ctx, read, signal, head }: Stream): ReadableStream<Uint8Array> {
  const released = new AbortController();
  return new ReadableStream<Uint8Array>(
    {
      start(body) {
        const end = (): void => {
          if (released.signal.aborted) return;
          released.abort();
          body.close();
        };
        body.enqueue(say('series', head));
        const stop = ctx.services.metrics.onWrite((batch) => {
          const values = read(batch);
          if (values === null) return;
          if ((body.desiredSize ?? 0) <= -WAITING_MAX) return end();
          body.enqueue(say('sample', { at: batch.at, values }));
        });
        // Proxies end connections that say nothing.
        const alive = setInterval(() => body.enqueue(Buffer.from(': alive\n\n')), ALIVE_EVERY_MS);
        released.signal.addEventListener('abort', () => {
          stop();
          clearInterval(alive);
        });
        signal.addEventListener('abort', end, { once: true });
      },
      cancel: () => released.abort(),
    },
    { highWaterMark: 1 },
  );
}
