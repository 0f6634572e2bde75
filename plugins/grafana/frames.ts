import type { FrameField, Unit } from 'novacron/plugin';

export type Cell = number | string | boolean | null;

/** The part of Grafana's `DataFrameJSON` that the hub writes. The app's tests hold it against the real type; loading that here would cost 90 MB. */
export interface FrameJson {
  readonly schema: {
    readonly refId: string;
    readonly name: string;
    readonly meta?: FrameMeta;
    readonly fields: FieldJson[];
  };
  readonly data: { readonly values: Cell[][] };
}

export interface FieldJson {
  readonly name: string;
  readonly type: 'time' | 'number' | 'string' | 'boolean';
  readonly labels?: Record<string, string>;
  readonly config?: {
    unit?: string;
    displayNameFromDS?: string;
    color?: { mode: string; fixedColor?: string };
    custom?: Record<string, unknown>;
  };
}

export interface FrameMeta {
  readonly type?: 'timeseries-multi';
  readonly preferredVisualisationType?: 'graph' | 'table';
  readonly notices?: { readonly severity: 'info' | 'warning' | 'error'; readonly text: string }[];
  readonly custom?: Record<string, unknown>;
}

/** A column as a plugin makes it: the values beside what Grafana is told of them. */
export interface Column extends FieldJson {
  readonly values: readonly Cell[];
}

const UNITS: Readonly<Record<Unit, string>> = {
  bytes: 'bytes',
  seconds: 's',
  ratio: 'percentunit',
  count: 'short',
  bytesPerSecond: 'binBps',
  countPerSecond: 'cps',
};

/** A field's config with the id that Grafana has for a unit. */
export const unitConfig = (unit: Unit | undefined): { unit?: string } => (unit === undefined ? {} : { unit: UNITS[unit] });

/** JSON knows neither NaN nor Infinity: Grafana takes null for a gap. */
const cell = (value: Cell): Cell => (typeof value === 'number' && !Number.isFinite(value) ? null : value);

export function encodeFrame(
  head: { readonly refId: string; readonly name: string; readonly meta?: FrameMeta },
  columns: readonly Column[],
): FrameJson {
  const fields = columns.map(({ name, type, labels, config }) => ({ name, type, ...(labels && { labels }), ...(config && { config }) }));
  return { schema: { ...head, fields }, data: { values: columns.map(({ values }) => values.map(cell)) } };
}

type Field = Omit<FrameField, 'unit'> & { readonly unit?: Unit | undefined };

export const toColumn = ({ name, type, unit, values }: Field): Column => ({ name, type, values, config: unitConfig(unit) });
