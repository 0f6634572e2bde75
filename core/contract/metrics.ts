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

/**
 * The samples of one instant, column by column: the fast way for thousands of rows. `columns` are of metrics of the table by name, one value a row; NaN is
 * a missing one. The arrays must not be changed afterwards.
 */
export interface ColumnBatch {
  readonly table: string;
  /** Epoch milliseconds. */
  readonly at: number;
  /** Resource ids, one a row. */
  readonly entities: readonly string[];
  /** For tables with a dot, one a row. */
  readonly devices?: readonly string[];
  readonly columns: Readonly<Record<string, Float64Array>>;
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

/** The newest values of one metric that came together; one that is not finite was not measured then. */
export interface NewestColumn {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Resource ids, one a value: the very same array while a sender writes of the same things. */
  readonly entities: readonly string[];
  /** Of tables with a dot, one a value. */
  readonly devices?: readonly string[];
  readonly values: Float64Array;
}

/**
 * What is computed over the samples of a window. `last` and `first` are the newest and oldest value; `increase`, `rate`, `irate` know that a counter may have
 * started again and, as Prometheus does, extrapolate to the ends of the window; `delta` is the same for gauges; `predict` the value of a line of least squares
 * `parameter` seconds after the window's end; `quantile` takes its fraction as `parameter`.
 */
export type WindowFunction =
  | 'last'
  | 'first'
  | 'mean'
  | 'min'
  | 'max'
  | 'sum'
  | 'count'
  | 'present'
  | 'stddev'
  | 'stdvar'
  | 'quantile'
  | 'mad'
  | 'increase'
  | 'rate'
  | 'irate'
  | 'delta'
  | 'idelta'
  | 'deriv'
  | 'predict'
  | 'changes'
  | 'resets';

/** A function over a window that slides over the samples of each series: the value at `t` is of the samples after `t - windowMs` up to and including `t`. */
export interface WindowQuery {
  /** `<table>.<metric>` */
  readonly metric: string;
  /** Resource ids; authorization is the caller's. `null`: all. */
  readonly targets: readonly string[] | null;
  /** First and last `t`, epoch milliseconds; both included. */
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly windowMs: number;
  readonly function: WindowFunction;
  readonly parameter?: number;
}

/** One row of values for each series that has any: `values[series * steps + step]`; NaN where the window has too few samples. In the shown unit. */
export interface WindowMatrix {
  readonly entities: readonly string[];
  /** Empty for tables without devices. */
  readonly devices: readonly string[];
  readonly steps: number;
  readonly values: Float64Array;
}
