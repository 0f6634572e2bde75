import { fileURLToPath } from 'node:url';
import type { DataFrameJSON } from '@grafana/data';

export interface World {
  readonly hub: AsyncDisposable & { readonly url: string };
  readonly tokens: Readonly<Record<string, string>>;
  /** VMs that were switched off. */
  readonly stopped: readonly string[];
  query(body: unknown, as?: string): Promise<{ readonly body: Readonly<Record<string, DataFrameJSON[]>> }>;
}

/** The hub is checked with settings that Grafana's types do not bear: the compiler must not follow this name into its sources. */
const WORLD: string = fileURLToPath(new URL('../../../../test/plugins/grafana/world.ts', import.meta.url));

/** A whole hub with recorded samples, as the hub's own tests start it. */
export async function startWorld(): Promise<World> {
  const { startWorld: start } = (await import(WORLD)) as { startWorld(): Promise<World> };
  return start();
}
