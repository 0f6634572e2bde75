import { HubError } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';
import { nameMetrics, type NamedMetric } from './names.ts';
import { createRemoteReader, type RemoteReader, type Resolve } from './remote-write.ts';
import { uncompress, SnappyError } from './snappy.ts';

/** Who may load history may send samples; there is no other action that stands for it. */
const RIGHT = 'metrics.import';
/** How long the thing that a name means is believed to be the same. */
const NAMES_MS = 60_000;

const refused = (message: string, status = 400): HubError => new HubError('prometheus_write_invalid', message, { status });

function resolver({ services, actor }: GrafanaContext): Resolve {
  const metrics = nameMetrics(services.metrics.declared());
  const ids = new Map<string, Promise<string>>();
  const idOf = (kind: string, name: string): Promise<string> => {
    const key = `${kind}/${name}`;
    const known = ids.get(key) ?? services.resources.get(kind, name, actor!).then(({ id }) => id);
    ids.set(key, known);
    return known;
  };
  return async ({ __name__: name = '', ...labels }) => {
    const metric: NamedMetric | undefined = metrics.get(name);
    if (metric === undefined) throw refused(`No plugin declares the metric "${name}". Drop it by write_relabel_configs.`);
    const thing = labels[`${metric.kind}_id`] ?? labels[metric.kind];
    if (!thing) throw refused(`A series of ${name} needs the label ${metric.kind}, the name of what it is about.`);
    const { device } = labels;
    if (metric.hasDevice !== (device !== undefined)) throw refused(`A series of ${name} ${device ? 'has no' : 'needs the'} label device.`);
    return { metric, entity: await idOf(metric.kind, thing), ...(device !== undefined && { device }) };
  };
}

function plainBody(request: Request, { bytes, config }: GrafanaContext, room: Buffer): Buffer {
  if (request.headers.get('content-encoding') !== 'snappy') throw refused('Remote write comes with content-encoding: snappy.', 415);
  try {
    return uncompress(bytes, config.prometheus.writeBytesMax, room);
  } catch (error) {
    if (error instanceof SnappyError) throw refused(`The body cannot be uncompressed. ${error.message}`);
    throw error;
  }
}

/** Takes remote write messages; each is one transaction, durable when it is answered, or refused as a whole. */
export function createReceiver(): (ctx: GrafanaContext, request: Request) => Promise<Response> {
  let reader: RemoteReader = createRemoteReader();
  let freshUntil = 0;
  // A message is large, and the next one as large: new room for each would keep the garbage collector at work.
  let spare: Buffer = Buffer.alloc(0);
  return async (ctx, request) => {
    const { services, actor, clock } = ctx;
    if (!services.actions.offers(RIGHT, actor!))
      throw new HubError('permission_denied', 'Only those who may import metrics may send samples.', { status: 403 });
    if (clock.now() >= freshUntil) {
      reader = createRemoteReader();
      freshUntil = clock.now() + NAMES_MS;
    }
    const room = spare;
    spare = Buffer.alloc(0);
    const message = plainBody(request, ctx, room);
    const batches = await reader.read(message, resolver(ctx));
    spare = message.length > room.length ? message : room;
    await services.metrics.writeColumns(batches);
    return new Response(null, { status: 204 });
  };
}
