import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AlertRule, SampleBatch } from '../../core/contract.ts';
import { createLog } from '../../core/log.ts';
import { openMetrics } from '../../core/metrics/metrics.ts';
import { openState } from '../../core/state/state.ts';
import { metrics as declared } from '../../plugins/monitoring/metrics.ts';
import { ruleMigrations } from '../../plugins/monitoring/rules/migrations.ts';
import { createEngine, type Engine, type LookReport } from '../../plugins/monitoring/rules/engine.ts';
import { readyRule } from '../../plugins/monitoring/rules/source.ts';
import { StateStore } from '../../plugins/monitoring/rules/state-store.ts';
import { createThings } from '../../plugins/monitoring/rules/things.ts';
import { createTestClock, type TestClock } from '../kit/clock.ts';
import { lastingDuty } from '../kit/duty.ts';
import { testDatabase } from '../kit/postgres.ts';
import { benchRules, createFleet } from './alerts-fleet.ts';
import type { Aim, BenchOptions, BenchResult } from './main.ts';

const RULES = 10_000;
const VMS = 10_000;
const EVERY_MS = 30_000;
/** So much history is there before the first look: windows are full, and there is a week ago. */
const HISTORY_BEATS = 120;
const LOOKS = 40;
const LOOKS_WARM = 5;

interface World extends AsyncDisposable {
  readonly clock: TestClock;
  readonly engine: Engine;
  readonly counts: { signals: number };
  write(): Promise<void>;
}

async function openWorld(rules: Readonly<Record<string, AlertRule>>): Promise<World> {
  const stack = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-bench-alerts-'));
  stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const clock = createTestClock();
  const log = createLog({ level: 'silent' })('bench');
  const metrics = stack.use(
    await openMetrics({ dataDir, clock, log, declared: [{ plugin: 'monitoring', metrics: declared }], hotDays: 30 }),
  );
  const { url } = stack.use(await testDatabase());
  const state = stack.use(await openState({ dataDir, databaseUrl: url, log, signal: AbortSignal.timeout(3_600_000) }));
  await state.migratePlugin('monitoring', ruleMigrations);
  const fleet = createFleet(VMS);
  const ready = Object.entries(rules).map(([id, rule]) => readyRule({ id, rule, tenant: null }, metrics.declared()));
  const counts = { signals: 0 };
  const engine = createEngine({
    metrics,
    store: new StateStore(await state.pluginDatabase('monitoring')),
    things: createThings({
      hypervisor: { vms: () => fleet.vms, hosts: () => [] },
      resources: { kinds: () => [], get: () => Promise.reject(new Error('there are only VMs')) },
      startedAt: clock.now(),
    }),
    rules: () => ready,
    beforeLook: async () => {},
    kinds: new Map(),
    raise: async (signals) => void (counts.signals += signals.length),
    clock,
    log,
    everyMs: EVERY_MS,
    activeMax: 100_000,
  });
  stack.defer(() => engine.close());
  const write = async (): Promise<void> => {
    const batch: SampleBatch = fleet.sample(clock.now());
    await metrics.write('monitoring', [batch]);
  };
  clock.advance(-7 * 86_400_000);
  for (let nth = 0; nth < HISTORY_BEATS; nth++, clock.advance(EVERY_MS)) await write();
  clock.advance(7 * 86_400_000 - 2 * HISTORY_BEATS * EVERY_MS);
  for (let nth = 0; nth < HISTORY_BEATS; nth++, clock.advance(EVERY_MS)) await write();
  return { clock, engine, counts, write, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

interface Measured {
  readonly looks: readonly LookReport[];
  readonly loopP99Ms: number;
  readonly loopMaxMs: number;
  readonly idleP99Ms: number;
  readonly signals: number;
}

/** Says how long the main loop was away, every 5 ms. Node's own meter, when it is enabled again, counts the pause before as a delay. */
function watchLoop(record: (ns: number) => void): { end(): void } {
  let last = performance.now();
  const tell = (): void => {
    const now = performance.now();
    record(Math.max(1, Math.round((now - last) * 1e6)));
    last = now;
  };
  const timer = setInterval(tell, 5);
  return {
    end() {
      clearInterval(timer);
      tell();
    },
  };
}

/** Beats follow each other after a short rest instead of 30 s: what a beat costs is the same, and the main loop is watched only while it looks. */
async function measure(world: World, signal: AbortSignal): Promise<Measured> {
  const looks: LookReport[] = [];
  const delays = createHistogram();
  const idle = monitorEventLoopDelay({ resolution: 5 });
  idle.enable();
  await sleep(2000);
  idle.disable();
  for (let nth = 0; nth < LOOKS + LOOKS_WARM; nth++) {
    signal.throwIfAborted();
    world.clock.advance(EVERY_MS);
    await world.write();
    await sleep(50);
    const during = watchLoop((ns) => {
      if (nth >= LOOKS_WARM) delays.record(ns);
    });
    const report = await world.engine.look(lastingDuty(signal));
    during.end();
    if (nth >= LOOKS_WARM) looks.push(report);
    else world.counts.signals = 0;
  }
  const ms = (ns: number): number => Number((ns / 1e6).toFixed(1));
  return {
    looks,
    loopP99Ms: ms(delays.percentile(99)),
    loopMaxMs: ms(delays.max),
    idleP99Ms: ms(idle.percentile(99)),
    signals: world.counts.signals,
  };
}

/** 10,000 rules over 10,000 VMs: every rule that is not of a few VMs looks at every VM. */
export async function bench({ signal }: Pick<BenchOptions, 'signal'>): Promise<BenchResult> {
  // The test server ends with nothing else that keeps this process alive until it has ended.
  const alive = setInterval(() => undefined, 60_000);
  try {
    await using world = await openWorld(benchRules(RULES));
    return report(await measure(world, signal));
  } finally {
    clearInterval(alive);
  }
}

function report({ looks, loopP99Ms, loopMaxMs, idleP99Ms, signals }: Measured): BenchResult {
  const took = looks.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b);
  const at = (quantile: number): number => Math.round(took[Math.min(took.length - 1, Math.floor(took.length * quantile))] ?? 0);
  const aims: Aim[] = [
    { name: 'evaluation p99', value: at(0.99), aim: '< 5000 ms', met: at(0.99) < 5000 },
    { name: 'main loop p99 while it evaluates', value: loopP99Ms, aim: '< 50 ms', met: loopP99Ms < 50 },
  ];
  const last = looks.at(-1);
  return {
    figures: {
      rules: RULES,
      vms: VMS,
      looks: looks.length,
      evaluationP50Ms: at(0.5),
      evaluationP99Ms: at(0.99),
      evaluationMaxMs: at(1),
      loopP99Ms,
      loopMaxMs,
      loopIdleP99Ms: idleP99Ms,
      activeAtEnd: last?.active ?? 0,
      changesPerLook: Math.round(looks.reduce((sum, { changed }) => sum + changed, 0) / looks.length),
      refused: last?.refused ?? 0,
      signals,
    },
    aims,
  };
}
