import { inNetworkOf, ip, run } from './namespaces.ts';
import { Relay } from './relay.ts';

/** How a link between two stations carries frames, each way. */
export interface LinkQuality {
  /** Added to every frame, one way; the round trip takes twice that. Default 0. */
  readonly delayMs?: number;
  /** The delay varies by up to this much either way; frames keep their order. Default 0. */
  readonly jitterMs?: number;
  /** Share of the frames that never arrive, 0 to 1, one way. Default 0. */
  readonly lossRatio?: number;
}

/** A link that has a quality. */
export interface Link {
  readonly a: string;
  readonly b: string;
  readonly quality: Required<LinkQuality>;
}

interface Port {
  readonly mac: string;
  /** PID 1 of the machine at the other end, while it is plugged in. */
  pid: number | null;
  isCut: boolean;
  rateMbit: number | null;
}

const deviceOf = (name: string): string => `p-${name}`;
const QUEUE_MS = 50;

/** The switch that joins all stations of a lab: a bridge in the lab's own network namespace. It remembers each cable's state, so that a host that comes back finds it. */
export class Switch {
  readonly #pid: number;
  readonly #ports = new Map<string, Port>();
  readonly #links = new Map<string, Link>();
  readonly #relay: Relay;
  #goneCount = 0;
  #turn: Promise<void> = Promise.resolve();

  /** `pid` is the lab's PID 1. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#relay = new Relay(pid);
  }

  get relayPid(): number | undefined {
    return this.#relay.pid;
  }

  /** All links that have a quality. */
  get links(): readonly Link[] {
    return [...this.#links.values()];
  }

  /** How a machine's cable stands. */
  cableOf(name: string): { isCut: boolean; rateMbit: number | null } {
    const { isCut, rateMbit } = this.#portOf(name);
    return { isCut, rateMbit };
  }

  /** Lays a cable from the switch to the machine's eth0. */
  plug(name: string, machine: { pid: number; mac: string }): Promise<void> {
    return this.#inTurn(async () => {
      const port: Port = { isCut: false, rateMbit: null, ...this.#ports.get(name), ...machine };
      this.#ports.set(name, port);
      const device = deviceOf(name);
      await ip(this.#pid, [
        `link add ${device} type veth peer name eth0 address ${port.mac} netns ${machine.pid}`,
        `link set ${device} master br0`,
        `link set ${device} ${port.isCut ? 'down' : 'up'}`,
      ]);
      if (port.rateMbit !== null) await this.#applyRate(name, port);
      if (this.#isLinked(name)) await this.#applyLinks();
    });
  }

  /** Says that the machine is about to lose its power, so that nothing is asked of it any more. */
  expectEnd(name: string): void {
    const port = this.#ports.get(name);
    if (port) port.pid = null;
  }

  /** Takes away the cable of a machine that is no more. */
  unplug(name: string): Promise<void> {
    this.expectEnd(name);
    return this.#inTurn(async () => {
      // The kernel removes it in its own time, with the dead machine's namespace; under another name it is in nobody's way until then.
      const [device, gone] = [deviceOf(name), `gone-${++this.#goneCount}`];
      const aside = `{ ip link set ${device} down && ip link set ${device} name ${gone}; } 2>/dev/null`;
      await run([...inNetworkOf(this.#pid), 'sh', '-c', `${aside} || ! ip link show ${device} 2>&1`]);
      if (this.#isLinked(name)) await this.#applyLinks();
    });
  }

  async setCut(name: string, isCut: boolean): Promise<void> {
    const port = this.#portOf(name);
    port.isCut = isCut;
    await this.#inTurn(() => whileUp(port, () => ip(this.#pid, [`link set ${deviceOf(name)} ${isCut ? 'down' : 'up'}`])));
  }

  /** Limits what goes to and from the machine, each way; null takes the limit away. */
  async setRate(name: string, rateMbit: number | null): Promise<void> {
    if (rateMbit !== null && !(rateMbit > 0)) throw new Error(`A rate of ${rateMbit} Mbit/s is none; give more than 0, or cut the cable.`);
    const port = this.#portOf(name);
    if (port.rateMbit === rateMbit) return;
    port.rateMbit = rateMbit;
    await this.#inTurn(() => this.#applyRate(name, port));
  }

  async #applyRate(name: string, port: Port): Promise<void> {
    const what = port.rateMbit === null ? ['del'] : ['replace'];
    const how = port.rateMbit === null ? [] : ['tbf', 'rate', `${port.rateMbit}mbit`, 'burst', '64kb', 'latency', `${QUEUE_MS}ms`];
    await whileUp(port, async (pid) => {
      await run([...inNetworkOf(this.#pid), 'tc', 'qdisc', ...what, 'dev', deviceOf(name), 'root', ...how]);
      await run([...inNetworkOf(pid), 'tc', 'qdisc', ...what, 'dev', 'eth0', 'root', ...how]);
    });
  }

  /** Gives the link between two stations a quality; null makes it a plain cable again. */
  async link(a: string, b: string, quality: LinkQuality | null): Promise<void> {
    for (const name of [a, b]) this.#portOf(name);
    if (a === b) throw new Error(`A link needs two different stations, not ${a} twice.`);
    const key = [a, b].toSorted().join(' ');
    if (quality === null) this.#links.delete(key);
    else this.#links.set(key, { a, b, quality: checked(quality) });
    await this.#inTurn(() => this.#applyLinks());
  }

  readonly #isLinked = (name: string): boolean => [...this.#links.values()].some(({ a, b }) => a === name || b === name);

  /** Stations with a link that has a quality no longer hear each other through the bridge; the relay carries between them, and only between them. */
  async #applyLinks(): Promise<void> {
    for (const [name, port] of this.#ports) {
      const isLinked = this.#isLinked(name);
      await whileUp(port, async (pid) => {
        await ip(this.#pid, [`link set ${deviceOf(name)} type bridge_slave isolated ${isLinked ? 'on' : 'off'}`]);
        // Frames of the size of the wire, so that one loss is one frame and not the sixty-four kilobytes that the kernel hands over at once.
        await ip(pid, [`link set eth0 gso_max_segs ${isLinked ? 1 : 65_535}`]);
      });
    }
    const linked = [...this.#ports].filter(([name, { pid }]) => pid !== null && this.#isLinked(name));
    await this.#relay.configure({
      ports: linked.map(([name, { mac }]) => ({ name: deviceOf(name), mac })),
      links: this.links.map(({ a, b, quality }) => ({ a: deviceOf(a), b: deviceOf(b), ...quality })),
    });
  }

  /** One change at a time, because each looks at what the one before has left. */
  #inTurn(change: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(change);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  #portOf(name: string): Port {
    const port = this.#ports.get(name);
    if (!port) throw new Error(`There is no ${name} on this lab's network; there are: ${[...this.#ports.keys()].join(', ')}.`);
    return port;
  }

  stop(): Promise<void> {
    return this.#relay.stop();
  }
}

/** Does something to the cable of a machine, unless the machine is down, or goes down over it. */
async function whileUp(port: Port, work: (pid: number) => Promise<unknown>): Promise<void> {
  if (port.pid === null) return;
  try {
    await work(port.pid);
  } catch (error) {
    if (port.pid !== null) throw error;
  }
}

function checked({ delayMs = 0, jitterMs = 0, lossRatio = 0 }: LinkQuality): Required<LinkQuality> {
  const fine = delayMs >= 0 && delayMs <= 10_000 && jitterMs >= 0 && jitterMs <= 10_000 && lossRatio >= 0 && lossRatio <= 1;
  if (!fine)
    throw new Error(
      `No link can have this: delay and jitter are 0 to 10,000 ms, loss is 0 to 1 (delay ${delayMs}, jitter ${jitterMs}, loss ${lossRatio}).`,
    );
  return { delayMs, jitterMs, lossRatio };
}
