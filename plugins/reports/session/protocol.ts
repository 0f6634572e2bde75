import type { Confirmation, Job, Json } from 'novacron/plugin';

/** What the process that runs cells and the one that watches it say to each other, over Node's own channel between processes. */

/** Representations of one value by media type; text, or JSON for `application/json`. */
export type MimeBundle = Readonly<Record<string, unknown>>;

export type Output =
  | { readonly is: 'stream'; readonly name: 'stdout' | 'stderr'; readonly text: string }
  | { readonly is: 'display'; readonly data: MimeBundle; readonly metadata: Readonly<Record<string, unknown>> };

export interface CellError {
  readonly name: string;
  readonly message: string;
  /** Lines for people: the error, the line of the cell that failed, the calls that led there. */
  readonly traceback: readonly string[];
}

/** `data` null: the cell ended in no value. */
export type CellResult =
  | { readonly is: 'value'; readonly data: MimeBundle | null }
  | { readonly is: 'error'; readonly error: CellError }
  | { readonly is: 'interrupted' };

export interface Completion {
  readonly matches: readonly string[];
  /** Offsets of what a match replaces. */
  readonly start: number;
  readonly end: number;
}

/** What a notebook asks of the hub. Whoever watches does it in the name of a person; the process itself holds no token and reaches no network. */
export type HubRequest =
  | { readonly is: 'call'; readonly action: string; readonly input: unknown }
  /** The person says yes to the plan of this question. */
  | { readonly is: 'confirm'; readonly token: string }
  | { readonly is: 'job'; readonly id: string };

export type HubAnswer =
  | { readonly is: 'output'; readonly output: Json }
  | { readonly is: 'job'; readonly job: Job }
  | { readonly is: 'asked'; readonly confirmation: Confirmation }
  | { readonly is: 'error'; readonly code: string; readonly message: string; readonly status: number; readonly retryable: boolean };

export type ToCells =
  | { readonly is: 'run'; readonly id: number; readonly code: string; readonly name: string }
  | { readonly is: 'complete'; readonly id: number; readonly code: string; readonly cursor: number }
  | { readonly is: 'inspect'; readonly id: number; readonly code: string; readonly cursor: number }
  | { readonly is: 'answer'; readonly id: number; readonly answer: HubAnswer };

export type FromCells =
  | { readonly is: 'ready' }
  | { readonly is: 'output'; readonly output: Output }
  | { readonly is: 'done'; readonly id: number; readonly value: CellResult | Completion | MimeBundle | null }
  | { readonly is: 'ask'; readonly id: number; readonly request: HubRequest };

/** What the `nova` helper finds in the process that runs cells. */
export interface CellHost {
  ask(request: HubRequest): Promise<HubAnswer>;
  display(data: MimeBundle): void;
}
/** Under this key of `globalThis`. */
export const CELL_HOST = Symbol.for('novacron.cells');

/** The byte on this file descriptor that means: stop the cell. */
export const INTERRUPT_FD = 4;
