/** What the workspace, its page and its client say to each other: Slack's own shapes where Slack has one. */

/** A block as an app sent it; `block-limits.ts` has checked it before anything reads it. */
export interface Block {
  readonly type: string;
  readonly block_id?: string;
  readonly [key: string]: unknown;
}

export interface ModalView {
  readonly type: 'modal' | 'home';
  readonly blocks: readonly Block[];
  readonly title?: { readonly text: string };
  readonly submit?: { readonly text: string };
  readonly close?: { readonly text: string };
  readonly callback_id?: string;
  readonly private_metadata?: string;
  readonly external_id?: string;
  readonly clear_on_close?: boolean;
  readonly notify_on_close?: boolean;
}

/** A view that is open for one person. */
export interface OpenView extends ModalView {
  readonly id: string;
  readonly hash: string;
  readonly user: string;
}

export interface Person {
  readonly id: string;
  /** Handle: `admin`. */
  readonly name: string;
  readonly displayName: string;
  /** Role that the person has in the hub; `null` for the app and for people who joined by themselves. */
  readonly role: string | null;
  readonly bot: boolean;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  /** `im`: between one person and the app. */
  readonly kind: 'channel' | 'im';
  /** Of an `im`. */
  readonly user: string | null;
  readonly purpose: string;
}

export interface SharedFile {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly alt: string;
  readonly mediaType: string;
  readonly sizeBytes: number;
  /** Path on the sandbox's server. */
  readonly path: string;
}

export interface Message {
  readonly ts: string;
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly Block[];
  readonly threadTs: string | null;
  readonly editedTs: string | null;
  /** The only person who sees it; `null`: everybody in the channel. */
  readonly ephemeralFor: string | null;
  readonly files: readonly SharedFile[];
  readonly reactions: readonly { readonly name: string; readonly users: readonly string[] }[];
  readonly metadata: unknown;
}

/** What changed, as the page's WebSocket says it. */
export type Change =
  | { readonly is: 'message'; readonly message: Message }
  | { readonly is: 'removed'; readonly channel: string; readonly ts: string; readonly ephemeralFor: string | null }
  | { readonly is: 'views'; readonly user: string; readonly views: readonly OpenView[] }
  | { readonly is: 'home'; readonly user: string; readonly view: OpenView }
  | { readonly is: 'person'; readonly person: Person }
  | { readonly is: 'app'; readonly connected: boolean };

/** All that one person sees. */
export interface PageState {
  readonly app: {
    readonly name: string;
    readonly user: string;
    readonly connected: boolean;
    readonly commands: readonly { readonly command: string; readonly description: string; readonly usageHint: string }[];
  };
  readonly people: readonly Person[];
  readonly channels: readonly Channel[];
  readonly messages: readonly Message[];
  readonly views: readonly OpenView[];
  readonly home: OpenView | null;
}

/** State of one input element, as Slack puts it into `state.values`. */
export interface ElementState {
  readonly type: string;
  readonly value?: string | null;
  readonly selected_option?: Option | null;
  readonly selected_options?: readonly Option[];
  readonly selected_date_time?: number | null;
  readonly selected_date?: string | null;
  readonly selected_time?: string | null;
}

export interface Option {
  readonly text: { readonly type: string; readonly text: string };
  readonly value: string;
  readonly description?: { readonly type: string; readonly text: string };
}

/** Block id, then action id. */
export type ViewValues = Readonly<Record<string, Readonly<Record<string, ElementState>>>>;

/** Where an element stands: in a message or in a view. */
export type Place = { readonly channel: string; readonly ts: string } | { readonly view: string };

/** What the person is told when an interaction did not work, in Slack's words. */
export type Interaction =
  | { readonly ok: true; readonly ackMs: number }
  | { readonly ok: false; readonly error: string; readonly errors?: Readonly<Record<string, string>> };
