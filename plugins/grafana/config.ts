import { Actions, Hub, Jobs, Metrics, optional, Resources, type EndpointContext, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Anomalies, Forecasts } from '../analytics/port.ts';
import { Hypervisor } from '../hypervisor/port.ts';

const most = (value: number, highest: number, description: string) => z.int().min(1).max(highest).default(value).meta({ description });

/** Actions that only show something: what a panel asks for again and again must never do anything. */
const SHOWING = ['*.list', '*.show', '*.get', '*.scores', '*.record', '*.runs', '*.status', 'vm.console.read'];

export const config = z.strictObject({
  prometheus: z
    .strictObject({
      seriesMax: most(50_000, 1_000_000, 'Series that a query may answer'),
      pointsMax: most(11_000, 100_000, 'Points of each series'),
      cellsMax: most(5_000_000, 50_000_000, 'Series times points that a part of a query may have'),
      queryTimeoutSeconds: most(60, 600, 'How long a query may take'),
      writeBytesMax: most(32 * 2 ** 20, 2 ** 28, 'Bytes of a remote write message, uncompressed'),
    })
    .prefault({}),
  frames: z
    .strictObject({
      queriesMax: most(26, 100, 'Queries of one panel'),
      seriesMax: most(1000, 10_000, 'Series that a query answers; more are cut, and the panel says so'),
      rowsMax: most(10_000, 10_000, 'Rows that a query of SQL answers'),
      forecastsMax: most(4, 20, 'Series of a query that are forecast'),
      timeoutSeconds: most(30, 300, 'How long all queries of a panel may take'),
      actions: z
        .array(z.string().regex(/^[a-z*][a-zA-Z.*]*$/))
        .max(100)
        .default(SHOWING)
        .meta({ description: 'Actions whose answers panels may show, as patterns; only such as read' }),
    })
    .prefault({}),
  live: z
    .strictObject({
      streamsMax: most(200, 5000, 'Panels that follow live values at once'),
      minutesMax: most(10, 60, 'After that a stream ends, and the browser asks again: rights are looked at anew'),
    })
    .prefault({}),
});
export type Config = z.output<typeof config>;

export const needs = {
  metrics: Metrics,
  resources: Resources,
  actions: Actions,
  jobs: Jobs,
  hub: Hub,
  hypervisor: optional(Hypervisor),
  forecasts: optional(Forecasts),
  anomalies: optional(Anomalies),
};
export type Needs = typeof needs;

/** What this plugin's endpoints get. */
export type GrafanaContext = EndpointContext<Config, Needs>;
export type GrafanaTools = Tools<Config, Needs>;
