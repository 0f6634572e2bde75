import { applyChange } from './apply-change.ts';
import type { ElementState, Change, Interaction, Message, OpenView, Option, PageState, Place, ViewValues } from './protocol.ts';

/** A person in the sandbox, driven by a program: the same HTTP and WebSocket that the chat page uses. */
export interface SandboxClient {
  readonly user: string;
  /** What the person sees now; kept up to date by the WebSocket. */
  readonly state: PageState;
  command(line: string, channel?: string): Promise<Interaction>;
  say(text: string, options?: { readonly channel?: string; readonly threadTs?: string }): Promise<Interaction>;
  /** Presses the button with this label (or action id) in a message or view. */
  press(where: Message | OpenView, button: string): Promise<Interaction>;
  suggest(where: Message | OpenView, blockId: string, text: string): Promise<readonly Option[]>;
  /** Fills a modal: block id -> text, number, boolean, option, and submits it. */
  submit(view: OpenView, fields: Readonly<Record<string, FieldValue>>): Promise<Interaction>;
  closeView(view: OpenView): Promise<Interaction>;
  openHome(): Promise<Interaction>;
  /** The first message (now or later) that fits. Rejects with what was seen when `signal` fires. */
  waitForMessage(fits: (message: Message) => boolean, signal?: AbortSignal): Promise<Message>;
  waitForView(fits?: (view: OpenView) => boolean, signal?: AbortSignal): Promise<OpenView>;
  waitFor<T>(look: (state: PageState) => T | undefined, signal?: AbortSignal): Promise<T>;
  file(path: string): Promise<{ readonly type: string; readonly bytes: Buffer }>;
  close(): void;
}

export type FieldValue = string | number | boolean | Option;

const WAIT_DEFAULT_MS = 15_000;

/** All text of a message, its blocks included: what a person reads. */
export function textOf(where: Pick<Message, 'text' | 'blocks'> | OpenView): string {
  const parts: string[] = 'text' in where && typeof where.text === 'string' ? [where.text] : [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === 'object' && value !== null) {
      for (const [key, entry] of Object.entries(value)) {
        if (key === 'text' && typeof entry === 'string') parts.push(entry);
        else visit(entry);
      }
    }
  };
  visit(where.blocks);
  return parts.join('\n');
}

interface Found {
  readonly blockId: string;
  readonly actionId: string;
  readonly type: string;
  readonly label: string;
  readonly options: readonly Option[];
}

/** The interactive elements of a message or view. */
export function elementsIn(where: Pick<Message | OpenView, 'blocks'>): readonly Found[] {
  return where.blocks.flatMap((block) => {
    const list: readonly unknown[] = Array.isArray(block['elements']) ? block['elements'] : [block['element'], block['accessory']];
    return list.flatMap((element) => {
      if (typeof element !== 'object' || element === null || !('action_id' in element) || !('type' in element)) return [];
      const label = 'text' in element ? (element.text as { text?: unknown }).text : '';
      const options = 'options' in element ? (element.options as readonly Option[]) : [];
      return [
        { blockId: block.block_id ?? '', actionId: String(element.action_id), type: String(element.type), label: String(label), options },
      ];
    });
  });
}

const placeOf = (where: Message | OpenView): Place => ('hash' in where ? { view: where.id } : { channel: where.channel, ts: where.ts });

function stateFor(found: Found, value: FieldValue): ElementState {
  const { type } = found;
  if (type === 'checkboxes') return { type, selected_options: value === true ? found.options : [] };
  if (type === 'datetimepicker') return { type, selected_date_time: Number(value) };
  if (typeof value === 'object') return { type, selected_option: value };
  if (type === 'static_select') return { type, selected_option: found.options.find((option) => option.value === String(value)) ?? null };
  return { type, value: String(value) };
}

interface Http {
  get(path: string): Promise<Response>;
  post<T>(route: string, body: object): Promise<T>;
}

function createHttp(url: string, key: string): Http {
  const authorization = `Bearer ${key}`;
  const check = async (response: Response): Promise<Response> => {
    if (response.ok) return response;
    throw new Error(`The sandbox answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
  };
  return {
    get: async (path) => check(await fetch(`${url}${path}`, { headers: { authorization } })),
    async post<T>(route: string, body: object) {
      const headers = { authorization, 'content-type': 'application/json' };
      const response = await check(await fetch(`${url}/page/${route}`, { method: 'POST', headers, body: JSON.stringify(body) }));
      return (await response.json()) as T;
    },
  };
}

export interface ClientOptions {
  /** The address with its key, as `open()` gave it. */
  readonly pageUrl: string;
  /** Chat user id; default: the first prepared one. */
  readonly user?: string;
}

/** Somebody new in the workspace, linked to nobody. */
export async function joinSandbox(pageUrl: string, displayName: string): Promise<string> {
  const { origin, searchParams } = new URL(pageUrl);
  const person = await createHttp(origin, searchParams.get('key') ?? '').post<{ id: string }>('join', { displayName });
  return person.id;
}

interface Wait<T> {
  readonly look: () => T | undefined;
  readonly waiters: Set<() => void>;
  readonly signal: AbortSignal;
  readonly seen: () => PageState;
}

async function waitUntil<T>({ look, waiters, signal, seen }: Wait<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const tryNow = (): void => {
    const found = look();
    if (found !== undefined) resolve(found);
  };
  const giveUp = (): void => {
    const newest = seen()
      .messages.slice(-5)
      .map((message) => textOf(message).slice(0, 300));
    reject(new Error(`Nothing fitting came. The newest messages:\n${newest.join('\n---\n')}`));
  };
  waiters.add(tryNow);
  signal.addEventListener('abort', giveUp, { once: true });
  tryNow();
  try {
    return await promise;
  } finally {
    waiters.delete(tryNow);
    signal.removeEventListener('abort', giveUp);
  }
}

export async function connectSandbox(options: ClientOptions): Promise<SandboxClient> {
  const { origin, searchParams } = new URL(options.pageUrl);
  const key = searchParams.get('key') ?? '';
  const user = options.user ?? 'U0ADMIN';
  const http = createHttp(origin, key);
  const waiters = new Set<() => void>();
  const live = await openLive(`${origin.replace('http', 'ws')}/page/live?user=${user}`, key);
  let state = (await (await http.get(`/page/state?user=${user}`)).json()) as PageState;
  live.listen((change) => {
    state = applyChange(state, change);
    for (const waiter of waiters) waiter();
  });

  const waitFor = <T>(look: (state: PageState) => T | undefined, signal?: AbortSignal): Promise<T> =>
    waitUntil({ look: () => look(state), waiters, signal: signal ?? AbortSignal.timeout(WAIT_DEFAULT_MS), seen: () => state });

  return {
    user,
    get state() {
      return state;
    },
    command: (line, channel = 'C0OPS') => http.post('command', { user, channel, line }),
    say: (text, { channel = 'C0OPS', threadTs } = {}) => http.post('say', { user, channel, text, threadTs: threadTs ?? null }),
    press(where, button) {
      const found = elementsIn(where).find((element) => element.label === button || element.actionId === button);
      if (!found)
        throw new Error(
          `There is no button "${button}". There are: ${elementsIn(where)
            .map((element) => element.label)
            .join(', ')}`,
        );
      return http.post('press', { user, place: placeOf(where), blockId: found.blockId, actionId: found.actionId });
    },
    async suggest(where, blockId, text) {
      const found = elementsIn(where).find((element) => element.blockId === blockId);
      const search = { user, place: placeOf(where), blockId, actionId: found?.actionId ?? '', text };
      return (await http.post<{ options: readonly Option[] }>('suggest', search)).options;
    },
    submit(view, fields) {
      const values: Record<string, Record<string, ElementState>> = {};
      for (const element of elementsIn(view)) {
        const value = fields[element.blockId];
        if (value !== undefined) values[element.blockId] = { [element.actionId]: stateFor(element, value) };
      }
      return http.post('submit', { user, view: view.id, values: values satisfies ViewValues });
    },
    closeView: (view) => http.post('close', { user, view: view.id }),
    openHome: () => http.post('home', { user }),
    waitForMessage: (fits, signal) => waitFor(({ messages }) => messages.findLast(fits), signal),
    waitForView: (fits = () => true, signal) => waitFor(({ views }) => views.findLast(fits), signal),
    waitFor,
    async file(path) {
      const response = await http.get(path);
      return { type: response.headers.get('content-type') ?? '', bytes: Buffer.from(await response.arrayBuffer()) };
    },
    close: () => live.close(),
  };
}

interface Live {
  /** What came before the first listener is kept for it. */
  listen(listener: (change: Change) => void): void;
  close(): void;
}

async function openLive(url: string, key: string): Promise<Live> {
  const { WebSocket } = await import('ws');
  const socket = new WebSocket(url, { headers: { authorization: `Bearer ${key}` } });
  let listener: ((change: Change) => void) | undefined;
  const early: Change[] = [];
  socket.on('message', (data: Buffer) => {
    const change = JSON.parse(data.toString()) as Change;
    if (listener) listener(change);
    else early.push(change);
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('open', resolve).on('error', reject);
  await promise;
  return {
    listen(next) {
      early.splice(0).forEach(next);
      listener = next;
    },
    close: () => socket.close(),
  };
}
