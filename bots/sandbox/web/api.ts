import type { Completion } from '../port.ts';
import type { ElementState, Interaction, Option, PageState, Person, Place, ViewValues } from '../protocol.ts';

/** What the page asks of the sandbox, as one person. */
async function send<T>(route: string, body: object): Promise<T> {
  const response = await fetch(`/page/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The sandbox answered ${response.status}.`);
  return (await response.json()) as T;
}

export interface Element {
  readonly place: Place;
  readonly blockId: string;
  readonly actionId: string;
}

export const loadState = async (user: string): Promise<PageState> => {
  const response = await fetch(`/page/state?user=${encodeURIComponent(user)}`);
  if (!response.ok)
    throw new Error(response.status === 403 ? 'Open the page with the address that the hub printed.' : 'The sandbox does not answer.');
  return (await response.json()) as PageState;
};

export const api = {
  command: (user: string, channel: string, line: string) => send<Interaction>('command', { user, channel, line }),
  say: (user: string, channel: string, message: { text: string; threadTs: string | null }) =>
    send<Interaction>('say', { user, channel, ...message }),
  press: (user: string, element: Element, chosen: { state?: ElementState; values?: ViewValues } = {}) =>
    send<Interaction>('press', { user, ...element, ...chosen }),
  suggest: async (user: string, element: Element, text: string) =>
    (await send<{ options: readonly Option[] }>('suggest', { user, ...element, text })).options,
  submit: (user: string, view: string, values: ViewValues) => send<Interaction>('submit', { user, view, values }),
  close: (user: string, view: string) => send<Interaction>('close', { user, view }),
  home: (user: string) => send<Interaction>('home', { user }),
  join: (displayName: string) => send<Person>('join', { displayName }),
  complete: async (user: string, words: string) =>
    (await send<{ completions: readonly Completion[] }>('complete', { user, words })).completions,
};
