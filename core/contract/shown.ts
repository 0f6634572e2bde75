import type { Json } from './schema.ts';

/** How a thing or a result is shown: the same data becomes Block Kit, a web card, or lines in a terminal. */

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'idle';

export interface Card {
  readonly title: string;
  readonly subtitle?: string;
  readonly state?: { readonly text: string; readonly tone: Tone };
  readonly fields: readonly { readonly label: string; readonly value: string }[];
  /** Ids of the actions that make sense in this state, the likeliest first. */
  readonly actions: readonly string[];
}

export interface Picture {
  readonly title: string;
  /** What a person who cannot see it should be told. */
  readonly alt: string;
  readonly mediaType: 'image/png' | 'image/svg+xml';
  readonly base64: string;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What could be done about it: a call with its input filled in, offered as a button. It is authorized and confirmed like any other call. */
export interface SuggestedAction {
  /** Action id: `vm.disk.grow`. One that no plugin offers is shown as advice, without a button. */
  readonly action: string;
  /** Short words on the button: `Grow the disk`. */
  readonly label: string;
  readonly input: { readonly [field: string]: Json };
}

export interface View {
  /** One or a few sentences, plain text. */
  readonly text: string;
  readonly card?: Card;
  readonly table?: Table;
  readonly pictures?: readonly Picture[];
  /** The likeliest first. */
  readonly suggestions?: readonly SuggestedAction[];
  /** Verbatim text: a console, SQL. */
  readonly code?: string;
}
