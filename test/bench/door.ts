import { z } from 'zod';
import { definePlugin, ref, type Actor, type Resource } from '../../core/contract.ts';
import { startTestHub, type TestHub } from '../kit/hub.ts';
import type { Aim, BenchOptions, BenchResult } from './main.ts';

const CALLERS = [1, 16, 256] as const;
const READS_OF_ONE = 2000;
const JOBS_OF_ONE = 60;
const JOBS_MAX = 1024;

/** A thing per caller, so that the calls do not queue behind each other, and a count of what really ran. */
function createCounting() {
  const ran = new Map<string, number>();
  const toResource = (id: string): Resource => ({ kind: 'lane', id, name: id, tenant: 'default', tags: [], owner: null });
  const Lane = z.strictObject({ lane: z.string(), call: z.string().default('') });
  const Out = z.strictObject({ lane: z.string() });
  const plugin = definePlugin({ name: 'lanes', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action, resource }) => ({
    resources: {
      lane: resource({
        title: 'Lane',
        get: async (_, id) => toResource(id),
        search: async () => [],
        card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
      }),
    },
    actions: {
      'lane.get': action({
        title: 'Show a lane',
        label: 'Show',
        risk: 'read',
        input: Lane,
        output: Out,
        target: ({ lane }) => ref('lane', lane),
        run: async (_, { lane }) => ({ lane }),
      }),
      'lane.run': action({
        title: 'Run in a lane',
        label: 'Run',
        risk: 'change',
        input: Lane,
        output: Out,
        target: ({ lane }) => ref('lane', lane),
        async run({ step }, { lane, call }) {
          await step('count', async () => void ran.set(call, (ran.get(call) ?? 0) + 1));
          return { lane };
        },
      }),
    },
  }));
  return { plugin, ran };
}

interface Round {
  readonly callers: number;
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

/** So many callers, each with its next call as soon as the last one was answered. */
async function measure(callers: number, calls: number, call: (caller: number, turn: number) => Promise<void>): Promise<Round> {
  const tookMs: number[] = [];
  const turns = Math.ceil(calls / callers);
  const beganAt = performance.now();
  const work = Array.from({ length: callers }, async (_, caller) => {
    for (let turn = 0; turn < turns; turn += 1) {
      const startedAt = performance.now();
      await call(caller, turn);
      tookMs.push(performance.now() - startedAt);
    }
  });
  await Promise.all(work);
  const seconds = (performance.now() - beganAt) / 1000;
  const sorted = tookMs.toSorted((a, b) => a - b);
  const at = (quantile: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0);
  return { callers, calls: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), perSecond: Math.round(sorted.length / seconds) };
}

const round = (value: number): number => Number(value.toFixed(3));

/** The door in process, on a whole hub: reads, and jobs from the call to their durable acceptance. */
export async function bench({ signal }: Pick<BenchOptions, 'signal'>): Promise<BenchResult> {
  const { plugin, ran } = createCounting();
  // The test server ends with nothing else that keeps this process alive until it has ended.
  using _alive = stayAlive();
  await using hub = await startTestHub({ plugins: [plugin] });
  const actor = hub.as('operator');
  await measure(4, 400, (caller) => read(hub, actor, `warm-${caller}`));
  await measure(4, 40, async (caller, turn) => void (await accept({ hub, actor, lane: `warm-${caller}`, call: `warm-${caller}-${turn}` })));

  const reads: Round[] = [];
  const jobs: Round[] = [];
  const accepted = new Map<string, string>();
  for (const callers of CALLERS) {
    signal.throwIfAborted();
    reads.push(await measure(callers, Math.max(READS_OF_ONE, callers * 16), (caller) => read(hub, actor, `lane-${caller}`)));
  }
  for (const callers of CALLERS) {
    signal.throwIfAborted();
    const calls = Math.min(JOBS_MAX, Math.max(JOBS_OF_ONE, callers * 16));
    const took = measure(callers, calls, async (caller, turn) => {
      const call = `${callers}-${caller}-${turn}`;
      accepted.set(call, await accept({ hub, actor, lane: `lane-${caller}`, call }));
    });
    jobs.push(await took);
    // The next round must not pay for what this one left running.
    for (const id of accepted.values()) await hub.jobs.wait(id, AbortSignal.any([signal, AbortSignal.timeout(120_000)]));
  }
  return report({ reads, jobs, accepted, ran });
}

function stayAlive(): Disposable {
  const timer = setInterval(() => undefined, 60_000);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

async function read(hub: TestHub, actor: Actor, lane: string): Promise<void> {
  const outcome = await hub.actions.execute('lane.get', { lane }, { actor, via: 'http' });
  if (outcome.is !== 'done') throw new Error(`A read answered '${outcome.is}'.`);
}

async function accept({ hub, actor, lane, call }: { hub: TestHub; actor: Actor; lane: string; call: string }): Promise<string> {
  const outcome = await hub.actions.execute('lane.run', { lane, call }, { actor, via: 'http', key: call });
  if (outcome.is !== 'accepted') throw new Error(`A change answered '${outcome.is}'.`);
  return outcome.job.id;
}

interface Measured {
  readonly reads: readonly Round[];
  readonly jobs: readonly Round[];
  readonly accepted: ReadonlyMap<string, string>;
  readonly ran: ReadonlyMap<string, number>;
}

function report({ reads, jobs, accepted, ran }: Measured): BenchResult {
  const lost = [...accepted.keys()].filter((call) => !ran.has(call)).length;
  const doubled = [...ran.values()].filter((count) => count > 1).length;
  const sameId = accepted.size - new Set(accepted.values()).size;
  const readAlone = reads[0]?.p50Ms ?? null;
  const jobAlone = jobs[0]?.p50Ms ?? null;
  const jobsPerSecond = jobs.at(-1)?.perSecond ?? null;
  const aims: Aim[] = [
    { name: 'read p50, one caller', value: readAlone, aim: '< 1.5 ms', met: readAlone !== null && readAlone < 1.5 },
    { name: 'job accepted p50, one caller', value: jobAlone, aim: '< 25 ms', met: jobAlone !== null && jobAlone < 25 },
    { name: 'jobs accepted, 256 callers', value: jobsPerSecond, aim: '> 200 /s', met: jobsPerSecond !== null && jobsPerSecond > 200 },
    { name: 'jobs lost or doubled', value: lost + doubled + sameId, aim: '= 0', met: lost + doubled + sameId === 0 },
  ];
  const rows = (rounds: readonly Round[]) => rounds.map((round) => [round.callers, round.calls, round.p50Ms, round.p99Ms, round.perSecond]);
  const columns = ['callers', 'calls', 'p50 ms', 'p99 ms', 'calls/s'];
  return {
    figures: { reads, jobs, jobsLost: lost, jobsDoubled: doubled + sameId },
    aims,
    tables: [
      { title: 'reads', columns, rows: rows(reads) },
      { title: 'jobs, until accepted', columns, rows: rows(jobs) },
    ],
  };
}
