import type { ElementState, Interaction, Option, Place, ViewValues } from './protocol.ts';

/** What people do in the workspace, and what Slack makes of it for the app. */
export interface Interactions {
  command(user: string, channel: string, line: string): Promise<Interaction>;
  say(user: string, channel: string, message: { readonly text: string; readonly threadTs: string | null }): Promise<Interaction>;
  press(user: string, press: Press): Promise<Interaction>;
  suggest(user: string, search: Search): Promise<readonly Option[]>;
  submit(user: string, viewId: string, values: ViewValues): Promise<Interaction>;
  closeView(user: string, viewId: string): Promise<Interaction>;
  openHome(user: string): Promise<Interaction>;
}

export interface Press {
  readonly place: Place;
  readonly blockId: string;
  readonly actionId: string;
  /** What was chosen, for elements that are not buttons. */
  readonly state?: ElementState;
  /** All that was entered in the view so far. */
  readonly values?: ViewValues;
}

export interface Search {
  readonly place: Place;
  readonly blockId: string;
  readonly actionId: string;
  readonly text: string;
}
