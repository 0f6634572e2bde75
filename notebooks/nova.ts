/**
 * The helper of notebooks: `import { nova, plot, Plot, table } from 'novacron/notebook'`. It acts in the name of the person who works in the notebook
 * (or who has the report run), with that person's rights, through the same door as every other surface.
 */
export * as Plot from '@observablehq/plot';
export { HubError, type Job, type Unit } from 'novacron/plugin';
export { formatValue } from '../plugins/charts/port.ts';
export { theme } from '../plugins/charts/draw/theme.ts';
export type { Asked, Done } from './calls.ts';
export { headline, type Figure } from './headline.ts';
export { html } from './html.ts';
export type { Measured, MeasuredSeries, Measurements, MetricOptions } from './measurements.ts';
export { forecastChart, lines, plot, type PlotPicture } from './plots.ts';
export { table, type Table } from './table.ts';
export { pacePerDay, timeToFull, type Filling, type Outlook } from './time-to-full.ts';
import { call, confirm, display } from './calls.ts';
import { ACTIONS, type NovaActions } from './generated/actions.ts';
import { metric, sql } from './measurements.ts';
import { now } from './now.ts';

/** The type of a parameter that names a thing of a kind: forms offer a list of them. */
export type Picker<Kind extends string> = string & { readonly kind?: Kind };

/** Looked for by the kernel when somebody asks what a member is. */
const DESCRIBE = Symbol.for('novacron.describe');

const parameters = (): Readonly<Record<string, string | number | boolean>> =>
  JSON.parse(process.env['NOVACRON_PARAMETERS'] ?? '{}') as never;

const own = {
  /** Calls any action by its id, also those of plugins that this helper does not know. */
  call,
  confirm,
  display,
  metric,
  sql,
  /** What the report calls now; `-7d` and the like count from here. */
  get now() {
    return now();
  },
  /** Parameters of this run, those with their defaults included; empty while one works in the notebook. */
  get params() {
    return parameters();
  },
};

type ForecastOf = NovaActions['forecast']['vm'];
type Own = typeof own;

/** Every action as a typed function, and what notebooks need besides. */
export type Nova = NovaActions & Own & { readonly forecast: ForecastOf };

const toCamel = (word: string): string => word.replaceAll(/-([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());

type Member = ((input?: unknown) => Promise<unknown>) | object;

function describe(ids: ReadonlyMap<string, string>): (name: string) => string | null {
  return (name) => {
    const known = ACTIONS[ids.get(name) ?? ''] ?? (name === 'forecast' ? ACTIONS['forecast.vm'] : undefined);
    if (known === undefined) return null;
    const { title, help, usage, risk } = known;
    return [title + (help === null ? '.' : `. ${help}`), `In words: ${usage}`, `Risk: ${risk}`].join('\n\n');
  };
}

/** Functions by noun and verb; a word may be both, as `forecast` is. */
function build(prefix: readonly string[], root: Member | null): object {
  const words = new Set<string>();
  const start = prefix.map((word) => `${word}.`).join('');
  for (const id of Object.keys(ACTIONS)) if (id.startsWith(start)) words.add(id.slice(start.length).split('.')[0] ?? '');
  const made = root ?? {};
  const ids = new Map<string, string>();
  for (const word of words) {
    const id = `${start}${word}`;
    const isAction = Object.hasOwn(ACTIONS, id);
    const isNoun = Object.keys(ACTIONS).some((other) => other.startsWith(`${id}.`));
    const run: Member | null = isAction ? (input?: unknown) => call(id, input ?? {}) : null;
    // Shown as `[Function: vm.list]`.
    if (run !== null) Object.defineProperty(run, 'name', { value: id, configurable: true });
    ids.set(toCamel(word), id);
    Object.defineProperty(made, toCamel(word), {
      value: isNoun ? build([...prefix, word], run) : run,
      enumerable: true,
      configurable: true,
    });
  }
  Object.defineProperty(made, DESCRIBE, { value: describe(ids) });
  return made;
}

function buildNova(): Nova {
  const made = build([], null);
  Object.defineProperties(made, Object.getOwnPropertyDescriptors(own));
  const forecast = (input?: unknown): Promise<unknown> => call('forecast.vm', input ?? {});
  Object.defineProperty(made, 'forecast', { value: build(['forecast'], forecast), enumerable: true });
  return made as Nova;
}

export const nova = buildNova();
