import { HubError } from 'novacron/plugin';
import { createCourier } from '../../../../plugins/monitoring/incidents/courier.ts';
import { createDesk, type Desk } from '../../../../plugins/monitoring/incidents/desk.ts';
import type { Decision } from '../../../../plugins/monitoring/incidents/decisions.ts';
import { findRoute } from '../../../../plugins/monitoring/incidents/routes.ts';
import type { IncidentRecord } from '../../../../plugins/monitoring/incidents/record.ts';
import type { Store } from '../../../../plugins/monitoring/incidents/store.ts';
import type { Channel, Notification, Severity, Signal, Silence } from '../../../../plugins/monitoring/port.ts';
import { policy, topology, VM_HOST } from './model-policy.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const WEEK = 7 * 24 * HOUR;
const START = Date.UTC(2026, 0, 5, 12);
/** The hub looks at the clock at least so often. */
const LOOK_MS = 30_000;
const NEVER = new AbortController().signal;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** A reproducible source of chance. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

interface Source {
  readonly key: string;
  readonly kind: 'vm' | 'host';
  readonly id: string;
  readonly takesDown: boolean;
}

const SOURCES: readonly Source[] = [
  { key: 'down/host/h1', kind: 'host', id: 'h1', takesDown: true },
  { key: 'memory/host/h1', kind: 'host', id: 'h1', takesDown: false },
  ...Object.keys(VM_HOST).map((id): Source => ({ key: `cpu/vm/${id}`, kind: 'vm', id, takesDown: false })),
  { key: 'disk/vm/v1/vda', kind: 'vm', id: 'v1', takesDown: false },
];

interface Arrival {
  readonly notification: Notification;
  readonly at: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly weeks: number;
  readonly store: (onCommit: (when: 'before' | 'after') => void) => Store;
}

/** A hub's incidents over some weeks: things break and heal, people decide, the clock jumps, channels fail, and the hub dies at any point. */
export class World {
  readonly random: () => number;
  readonly store: Store;
  readonly arrivals: Arrival[] = [];
  readonly problems: string[] = [];
  readonly counts = { signals: 0, decisions: 0, crashes: 0, jumps: 0, outages: 0, silences: 0, told: 0 };
  readonly #seenIds = new Set<string>();
  readonly #firing = new Map<string, Signal>();
  readonly #silences = new Map<string, Silence>();
  readonly #chat: Channel;
  readonly #mail: Channel;
  #true = 0;
  #offset = 0;
  #lookAt = LOOK_MS;
  #crashIn = Infinity;
  #outageUntil = 0;
  #made = 0;
  #desk: Desk;
  #courier: ReturnType<typeof createCourier>;

  constructor(options: WorldOptions) {
    this.random = createRandom(options.seed);
    this.store = options.store((when) => this.#mayCrash(when));
    this.#chat = this.#channel('chat', true);
    this.#mail = this.#channel('mail', false);
    [this.#desk, this.#courier] = this.#start();
  }

  get now(): number {
    return START + this.#true + this.#offset;
  }

  /** As after a start of the hub: nothing is remembered but what was kept. */
  #start(): [Desk, ReturnType<typeof createCourier>] {
    const clock = { now: () => this.now };
    const channels = new Map([this.#chat, this.#mail].map((channel) => [channel.name, channel]));
    const { store } = this;
    return [
      createDesk({ store, policy, topology, clock, hub: 'hub-1', onChange: () => {} }),
      createCourier({ store, channels, clock, log: quiet, draw: async () => null, onFailed: async () => undefined }),
    ];
  }

  #chance(share: number): boolean {
    return this.random() < share;
  }
  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }
  #problem(text: string): void {
    if (this.problems.length < 20) this.problems.push(`${new Date(this.now).toISOString()} ${text}`);
  }

  #mayCrash(when: 'before' | 'after'): void {
    this.#crashIn -= 1;
    if (this.#crashIn > 0) return;
    if (when === 'before' && this.#chance(0.5)) {
      this.#crashIn = 1;
      return;
    }
    this.#crashIn = Infinity;
    throw new Error(`crash ${when}`);
  }

  /** Takes a message once: what comes again under the same id, since its answer was lost, is the same message. */
  #channel(name: string, edits: boolean): Channel {
    return {
      name,
      edits,
      deliver: async (notification) => {
        if (this.#outageUntil > this.#true) throw new HubError('channel_down', 'Away.', { retryable: true });
        if (this.#chance(0.02)) throw new HubError('channel_down', 'Away for a moment.', { retryable: true });
        const isAgain = this.#seenIds.has(notification.id);
        if (isAgain && notification.why !== 'changed' && notification.attempt === 1) this.#problem(`doubled: ${notification.id}`);
        if (!isAgain || notification.why === 'changed') await this.#arrive(notification);
        if (this.#chance(0.01)) throw new HubError('channel_down', 'The answer was lost.', { retryable: true });
        return { receipt: `${name}:${notification.key}` };
      },
    };
  }

  async #arrive(notification: Notification): Promise<void> {
    this.#seenIds.add(notification.id);
    this.counts.told += 1;
    this.arrivals.push({ notification, at: this.#true });
    if (notification.about.is !== 'incident') return;
    const { incident } = notification.about;
    if (!['opened', 'reopened', 'escalated', 'reminder'].includes(notification.why) || incident.state === 'resolved') return;
    if (this.#isSilenced(incident.signals)) this.#problem(`told though silenced: ${notification.id}`);
    if (incident.state === 'snoozed' && notification.why !== 'opened') this.#lateIsFine(notification);
  }

  /** What was decided before the snooze may still arrive after it when its channel was away: never when it came at the first try. */
  #lateIsFine({ id, attempt }: Notification): void {
    if (attempt === 1 && this.#outageUntil === 0) this.#problem(`told though snoozed: ${id}`);
  }

  #isSilenced(signals: readonly Signal[]): boolean {
    const active = [...this.#silences.values()].filter((silence) => silence.startsAt <= this.now && this.now < silence.endsAt);
    const firing = signals.filter(({ state }) => state === 'firing');
    const fits = ({ match }: Silence, { severity, subject }: Signal): boolean =>
      match.every((text) => text === `severity=${severity}` || text === `name=${subject.name}`);
    return firing.length > 0 && active.some((silence) => firing.every((signal) => fits(silence, signal)));
  }

  /** Does something as a person or a rule would: after a crash it is done again, until it is done. */
  async #insist(work: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (HubError.is(error) && ['incident_resolved', 'silence_unknown', 'snooze_past'].includes(error.code)) return;
        if (!(error instanceof Error) || !error.message.startsWith('crash')) throw error;
        await this.#restart();
      }
    }
  }

  /** The hub is away for a while; then all rules say again how things are. */
  async #restart(): Promise<void> {
    this.counts.crashes += 1;
    this.#true += Math.floor(this.random() * 10) * MINUTE;
    [this.#desk, this.#courier] = this.#start();
    await this.#insist(() => this.#desk.raise(this.#allSignals()));
  }

  #allSignals(): readonly Signal[] {
    return SOURCES.map((source) => this.#firing.get(source.key) ?? this.#signal(source, 'resolved', 'warning'));
  }

  #signal({ key, kind, id, takesDown }: Source, state: Signal['state'], severity: Severity): Signal {
    const subject = { kind, id, name: id, tenant: kind === 'vm' ? 'default' : null };
    const facts = { rule: { id: key.split('/')[0] ?? '', title: key }, summary: `${key} is ${state}`, values: {}, takesDown };
    return { key, state, severity, subject, at: this.now, since: this.now, ...facts };
  }

  async #work(): Promise<void> {
    await this.#desk.look();
    // What has ended stays ended, also when the clock is set back to before its end.
    for (const [id, { endsAt }] of this.#silences) if (endsAt <= this.now) this.#silences.delete(id);
    while ((await this.#courier.deliver(NEVER)) > 0);
  }

  /** Lets time pass until `until`, doing what falls due on the way as the hub's loop does. */
  async #pass(until: number): Promise<void> {
    for (;;) {
      await this.#insist(() => this.#work());
      const due = await this.store.nextDue();
      const dueTrue = due === null ? Infinity : Math.max(this.#true + 250, due - START - this.#offset);
      const next = Math.min(dueTrue, Math.max(this.#lookAt, this.#true + 1), until);
      if (this.#true >= until) return;
      this.#true = Math.max(this.#true, Math.min(next, until));
      this.#lookAt = this.#lookAt <= this.#true ? Infinity : this.#lookAt;
    }
  }

  async #change(): Promise<void> {
    const source = this.#pick(SOURCES);
    const isFiring = this.#firing.has(source.key);
    const severity = this.#pick<Severity>(['warning', 'warning', 'critical']);
    this.counts.signals += 1;
    if (isFiring && this.#chance(0.7)) {
      this.#firing.delete(source.key);
      await this.#insist(() => this.#desk.raise([this.#signal(source, 'resolved', severity)]));
    } else {
      const before = await this.store.list({ states: ['open', 'acknowledged', 'snoozed'], tenant: null, rowsMax: 100 });
      const signal = this.#signal(source, 'firing', severity);
      this.#firing.set(source.key, signal);
      await this.#insist(() => this.#desk.raise([signal]));
      if (!isFiring) await this.#checkHome(source, before);
    }
  }

  async #checkHome(source: Source, before: readonly IncidentRecord[]): Promise<void> {
    const host = VM_HOST[source.id];
    const isOwn = before.some(({ root }) => root === `vm/${source.id}`);
    const isDown = before.some(
      ({ root, signals }) =>
        root === `host/${host}` && signals.some(({ signal, closed }) => signal.takesDown && signal.state === 'firing' && !closed),
    );
    if (source.kind !== 'vm' || !isDown || isOwn) return;
    const holder = (await this.#open()).find(({ signals }) => signals.some(({ signal }) => signal.key === source.key));
    if (holder && holder.root !== `host/${host}`) this.#problem(`${source.key} is not with its host, which is down`);
  }

  #open(): Promise<readonly IncidentRecord[]> {
    return this.store.list({ states: ['open', 'acknowledged', 'snoozed'], tenant: null, rowsMax: 100 });
  }

  async #decide(): Promise<void> {
    const open = await this.#open();
    if (open.length === 0) return;
    const { number } = this.#pick(open);
    this.counts.decisions += 1;
    const decision = this.#pick<Decision>([
      { is: 'acknowledge' },
      { is: 'acknowledge' },
      { is: 'snooze', until: this.now + this.#pick([10 * MINUTE, HOUR]) },
      { is: 'resolve', reason: '' },
      { is: 'assign', to: this.#pick(['admin', 'operator']) },
      { is: 'note', text: 'seen', key: `note-${this.#made++}` },
    ]);
    await this.#insist(() => this.#desk.decide(number, decision, 'operator'));
  }

  async #silence(): Promise<void> {
    this.counts.silences += 1;
    const [first] = this.#silences.keys();
    if (first !== undefined && this.#chance(0.4)) {
      this.#silences.delete(first);
      return this.#insist(() => this.#desk.endSilence(first));
    }
    const startsAt = this.now + this.#pick([0, 0, 30 * MINUTE]);
    const match = this.#pick([['severity=warning'], ['name=v1'], ['name=h1']]);
    const facts = {
      incident: null,
      tenant: null,
      owner: 'operator',
      reason: 'work',
      startsAt,
      endsAt: startsAt + this.#pick([HOUR, 5 * HOUR]),
    };
    const key = `silence-${this.#made++}`;
    await this.#insist(async () => {
      const made = await this.#desk.silence({ match, ...facts, key });
      this.#silences.set(made.id, made);
    });
  }

  async #jump(): Promise<void> {
    this.counts.jumps += 1;
    this.#offset += this.#pick([-3 * HOUR, -20 * MINUTE, -2_000, 20 * MINUTE, 6 * HOUR]);
    this.#lookAt = this.#true + LOOK_MS;
    await this.#pass(this.#true + LOOK_MS + 1_000);
  }

  async #event(): Promise<void> {
    const dice = this.random();
    if (dice < 0.55) await this.#change();
    else if (dice < 0.72) await this.#decide();
    else if (dice < 0.8) await this.#silence();
    else if (dice < 0.86) await this.#jump();
    else if (dice < 0.94) this.#crashIn = 1 + Math.floor(this.random() * 6);
    else {
      this.counts.outages += 1;
      this.#outageUntil = this.#true + Math.floor(this.random() * 20 * MINUTE);
    }
  }

  /** What must hold whenever the hub is at rest. */
  async #check(): Promise<void> {
    const open = await this.#open();
    const roots = open.map(({ root }) => root);
    if (new Set(roots).size !== roots.length) this.#problem(`two open incidents of one thing: ${roots.join(' ')}`);
    for (const { key } of SOURCES) {
      const holders = open.filter(({ signals }) => signals.some(({ signal }) => signal.key === key && signal.state === 'firing'));
      if (!this.#firing.has(key) && holders.length > 0) this.#problem(`${key} is good but INC-${holders[0]?.number} says it fires`);
      if (holders.length > 1) this.#problem(`${key} fires in two incidents`);
      if (this.#firing.has(key) && holders.length === 0) await this.#checkClosed(key);
    }
    for (const record of open) this.#checkWaits(record);
  }

  /** A signal that fires and is in no open incident was closed by a person. */
  async #checkClosed(key: string): Promise<void> {
    const all = await this.store.list({ tenant: null, rowsMax: 10_000 });
    const isClosed = all.some(({ signals }) => signals.some(({ signal, closed }) => signal.key === key && closed));
    if (!isClosed) this.#problem(`${key} fires and nobody knows`);
  }

  /** The next step is never further away than its wait, whatever the clock did. */
  #checkWaits({ number, state, silencedBy, quietAt, tracks }: IncidentRecord): void {
    if (state !== 'open' || silencedBy !== null || quietAt !== null) return;
    for (const { route, step, nextAt } of tracks) {
      const found = findRoute(policy.root, route);
      const steps = policy.escalations.get(found?.escalation ?? '') ?? [];
      const waitMs = step === 0 ? (found?.groupWaitMs ?? 0) : (steps[step - 1]?.afterMs ?? found?.repeatMs ?? null);
      if (nextAt === null) {
        if (step === 0 || waitMs !== null) this.#problem(`INC-${number} ${route}: step ${step} will never come`);
      } else if (nextAt <= this.now) this.#problem(`INC-${number} ${route}: step ${step} was due`);
      else if (nextAt - this.now > (waitMs ?? 0) + 1_000) this.#problem(`INC-${number} ${route}: step ${step} comes too late`);
    }
  }

  /** Within each lap and route the steps were made in order, without a hole, and each has arrived unless it was called off. */
  async #checkSteps(): Promise<void> {
    for (const { number } of await this.store.list({ tenant: null, rowsMax: 10_000 })) {
      const reached = new Map<string, number>();
      for (const told of await this.store.told(number)) {
        if (told.state !== 'moot' && !this.#seenIds.has(told.id)) this.#problem(`never arrived: ${told.id}`);
        const [, lap, route, step] = /^INC-\d+\/(\d+)\/([a-z]+)\/(\d+)\/[a-z]+\//.exec(told.id) ?? [];
        if (step === undefined || route === 'assigned') continue;
        const name = `${lap}/${route}`;
        const before = reached.get(name) ?? 0;
        // One step may be told in several places.
        if (Number(step) !== before && Number(step) !== before + 1) this.#problem(`skipped or late: ${told.id} after ${before}`);
        reached.set(name, Number(step));
      }
    }
  }

  /** Everything heals; then everything must come to an end, and everybody must know. */
  async #heal(): Promise<void> {
    this.#crashIn = Infinity;
    this.#outageUntil = 0;
    this.#firing.clear();
    await this.#insist(() => this.#desk.raise(this.#allSignals()));
    await this.#pass(this.#true + 12 * HOUR);
    if ((await this.#open()).length > 0) this.#problem('not all incidents ended');
    for (const record of await this.store.list({ tenant: null, rowsMax: 10_000 })) {
      for (const { channel, to } of record.audience) {
        const id = `INC-${record.number}/${record.lap}/resolved/${channel}/${to}`;
        if (!this.#seenIds.has(id)) this.#problem(`never told: ${id}`);
      }
      for (const told of await this.store.told(record.number)) if (told.state === 'waiting') this.#problem(`still waits: ${told.id}`);
    }
    const due = await this.store.nextDue();
    if (due !== null) this.#problem(`something is still due at ${new Date(due).toISOString()}`);
  }

  async run(weeks: number): Promise<readonly string[]> {
    const end = weeks * WEEK;
    while (this.#true < end) {
      // Often close together, sometimes days apart.
      const pause = this.#chance(0.6) ? this.random() * 20 * MINUTE : this.random() * 30 * HOUR;
      await this.#pass(Math.min(end, this.#true + Math.ceil(pause)));
      await this.#event();
      await this.#pass(this.#true + 1);
      await this.#check();
      if (this.problems.length > 0) return this.problems;
    }
    await this.#heal();
    await this.#checkSteps();
    return this.problems;
  }
}
