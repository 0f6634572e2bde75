import type { Frame, LatestSample, MetricQuery, WindowQuery } from '../contract/metrics.ts';
import type { EncodedBatch } from './encode.ts';
import type { TableShape } from './schema.ts';
import type { Retention } from './sealed.ts';
import type { SentMatrix, SentTargets } from './windows/target-lists.ts';

/** What the main thread asks of the store's thread, and the answer by operation. */
export interface Operations {
  write: { ask: { readonly batches: readonly EncodedBatch[] }; answer: null };
  query: { ask: { readonly table: string; readonly column: string; readonly query: MetricQuery }; answer: Frame };
  windows: {
    ask: {
      readonly table: string;
      readonly column: string;
      readonly query: Omit<WindowQuery, 'targets'> & { readonly targets: SentTargets };
    };
    answer: SentMatrix;
  };
  sql: { ask: { readonly text: string; readonly timeoutMs: number; readonly rowsMax: number }; answer: Frame };
  import: { ask: { readonly table: string; readonly path: string; readonly format: 'csv' | 'parquet' }; answer: { readonly rows: number } };
  seal: { ask: { readonly before: string; readonly retainFrom: Retention | null }; answer: { readonly days: number } };
  latest: { ask: { readonly table: string }; answer: readonly LatestSample[] };
  stats: { ask: object; answer: StoreStats };
  close: { ask: object; answer: null };
}

export interface StoreStats {
  readonly hotRows: number;
  readonly hotBytes: number;
  readonly sealedRows: number;
  readonly sealedBytes: number;
  /** Of rollups, which are not among the sealed rows and bytes. */
  readonly rollupBytes: number;
  readonly sealedFiles: number;
}

export type Operation = keyof Operations;

export type Request =
  | { [K in Operation]: { readonly id: number; readonly is: K } & Operations[K]['ask'] }[Operation]
  | { readonly id: number; readonly is: 'cancel' };

export type Reply = { readonly id: number; readonly answer: unknown } | { readonly id: number; readonly error: ErrorData };

/** A HubError as data; `code` null is a programmer's error. */
export interface ErrorData {
  readonly code: string | null;
  readonly message: string;
  readonly status: number;
  readonly retryable: boolean;
}

export interface WorkerOptions {
  readonly folder: string;
  readonly tables: readonly TableShape[];
}
