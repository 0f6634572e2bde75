import { Actions, Metrics, optional, Resources, type EndpointContext, type Tools } from 'novacron/plugin';
import { z } from 'zod';
import { Hypervisor } from '../hypervisor/port.ts';

const most = (value: number, highest: number, description: string) => z.int().min(1).max(highest).default(value).meta({ description });

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
});
export type Config = z.output<typeof config>;

export const needs = { metrics: Metrics, resources: Resources, actions: Actions, hypervisor: optional(Hypervisor) };
export type Needs = typeof needs;

/** What this plugin's endpoints get. */
export type GrafanaContext = EndpointContext<Config, Needs>;
export type GrafanaTools = Tools<Config, Needs>;
