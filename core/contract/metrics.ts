export type Unit = 'bytes' | 'seconds' | 'ratio' | 'count' | 'bytesPerSecond' | 'countPerSecond';

/** A declared metric; its name ends in its unit (`memoryBytes`). A counter only grows, except when it starts again from 0. */
export interface Metric {
  readonly unit: Unit;
  readonly kind: 'gauge' | 'counter';
  readonly help: string;
}

/**
 * The samples of one scrape. `table` is a key of the plugin's `metrics` (`vm`, `vm.disk`): the part before the dot is the
 * resource kind of `entity`. A value that is absent or null is stored as NULL. One batch is one transaction.
 */
export interface SampleBatch {
  readonly table: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly rows: readonly SampleRow[];
}

export interface SampleRow {
  /** Resource id. */
  readonly entity: string;
  /** Part of the resource: `vda`, `vnet3`; only for tables with a dot. */
  readonly device?: string;
  readonly values: Readonly<Record<string, number | bigint | null | undefined>>;
}

export type Aggregate = 'mean' | 'min' | 'max' | 'last' | 'sum' | 'p50' | 'p95' | 'p99' | 'rate';

/** `rate` is per second and knows that a counter may have started again; it is the only aggregate that makes sense on counters besides `last`. */
export interface MetricQuery {
  /** `<table>.<metric>`: `vm.cpuRatio`, `vm.disk.readBytes`. */
  readonly metric: string;
  /** Resource ids; empty: all that the actor may see. */
  readonly targets: readonly string[];
  /** Epoch milliseconds, `from` included, `to` excluded. */
  readonly from: number;
  readonly to: number;
  /** Width of a bucket, seconds. */
  readonly stepSeconds: number;
  readonly aggregate: Aggregate;
  /** Where buckets begin: at whole multiples of the step (the default), or at `from`: `to - from` as the step is then one bucket for all. */
  readonly buckets?: 'round' | 'from';
}

/** Columns of equal length. Instants are epoch milliseconds. */
export interface Frame {
  readonly fields: readonly FrameField[];
  /** True when a row limit cut the answer. */
  readonly truncated: boolean;
}

export interface FrameField {
  readonly name: string;
  readonly type: 'time' | 'number' | 'string' | 'boolean';
  readonly unit?: Unit;
  readonly values: readonly (number | string | boolean | null)[];
}

/** The newest values of one entity (and device), from memory. */
export interface LatestSample {
  readonly table: string;
  readonly entity: string;
  readonly device?: string;
  readonly at: number;
  readonly values: Readonly<Record<string, number | null>>;
}
