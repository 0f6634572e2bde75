import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlertRule, Metric } from '../../../../core/contract.ts';
import { createLog } from '../../../../core/log.ts';
import { openMetrics, type MetricsStore } from '../../../../core/metrics/metrics.ts';
import { openState } from '../../../../core/state/state.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { VmStatus } from '../../../../plugins/hypervisor/port.ts';
import { metrics as declared } from '../../../../plugins/monitoring/metrics.ts';
import { ruleMigrations } from '../../../../plugins/monitoring/rules/migrations.ts';
import type { RuleKind, Signal } from '../../../../plugins/monitoring/port.ts';
import { createEngine, type Engine } from '../../../../plugins/monitoring/rules/engine.ts';
import { readyRule } from '../../../../plugins/monitoring/rules/source.ts';
import { StateStore } from '../../../../plugins/monitoring/rules/state-store.ts';
import { createThings } from '../../../../plugins/monitoring/rules/things.ts';
import { createTestClock, type TestClock } from '../../../kit/clock.ts';
import { lastingDuty } from '../../../kit/duty.ts';
import { testDatabase } from '../../../kit/postgres.ts';
import { vmStatus } from '../fake-hypervisor.ts';

const EVERY_MS = 30_000;
const memory: AlertRule = {
  title: 'Memory',
  severity: 'warning',
  metric: 'vm.memoryUsedRatio',
  condition: { is: 'threshold', above: 0.9, resolveAt: 0.8 },
  forSeconds: 60,
  actions: [
    { action: 'vm.resize', label: 'More', input: { vm: '{id}', memory: '{of*2}' } },
    { action: 'vm.reboot', label: 'Reboot', input: { vm: '{name}' } },
  ],
  labels: { team: 'web' },
};

describe('rules over what is measured', () => {
  let stack: AsyncDisposableStack;
  let clock: TestClock;
  let metrics: MetricsStore;
  let store: StateStore;
  let vms: VmStatus[];
  let rules: Record<string, AlertRule>;
  let signals: Signal[];
  let refuse: Error | null;
  const kinds = new Map<string, RuleKind>();

  beforeEach(async () => {
    stack = new AsyncDisposableStack();
    const dataDir = await mkdtemp(join(tmpdir(), 'novacron-rules-'));
    stack.defer(() => rm(dataDir, { recursive: true, force: true }));
    clock = createTestClock();
    const log = createLog({ level: 'silent' })('test');
    metrics = stack.use(await openMetrics({ dataDir, clock, log, declared: [{ plugin: 'monitoring', metrics: declared }], hotDays: 30 }));
    const { url } = stack.use(await testDatabase());
    const state = stack.use(await openState({ dataDir, databaseUrl: url, log, signal: AbortSignal.timeout(600_000) }));
    await state.migratePlugin('monitoring', ruleMigrations);
    store = new StateStore(await state.pluginDatabase('monitoring'));
    vms = ['a', 'b'].map((id) => vmStatus(id, 'default'));
    rules = {};
    signals = [];
    refuse = null;
    kinds.clear();
  });
  afterEach(() => stack.disposeAsync());

  /** An engine as after a start of the hub. */
  async function start(): Promise<Engine> {
    const index = new Map<string, Metric>(metrics.declared());
    const ready = new Map<string, { rule: AlertRule; ready: ReturnType<typeof readyRule> }>();
    const engine = createEngine({
      metrics,
      store,
      things: createThings({
        hypervisor: { vms: () => vms, hosts: () => [] },
        resources: { kinds: () => [], get: () => Promise.reject(new Error('none')) },
        startedAt: clock.now(),
      }),
      beforeLook: async () => {},
      rules: () =>
        Object.entries(rules).map(([id, rule]) => {
          const known = ready.get(id);
          if (known?.rule === rule) return known.ready;
          const one = readyRule({ id, rule, tenant: null }, index);
          ready.set(id, { rule, ready: one });
          return one;
        }),
      kinds,
      raise: async (some) => {
        if (refuse) throw refuse;
        signals.push(...some);
      },
      clock,
      log: createLog({ level: 'silent' })('test'),
      everyMs: EVERY_MS,
      activeMax: 1000,
    });
    stack.defer(() => engine.close());
    await engine.load();
    return engine;
  }
  const sample = (values: Record<string, Record<string, number>>) =>
    metrics.write('monitoring', [
      { table: 'vm', at: clock.now(), rows: Object.entries(values).map(([entity, values]) => ({ entity, values })) },
    ]);
  async function beat(engine: Engine, values?: Record<string, Record<string, number>>): Promise<string[]> {
    clock.advance(EVERY_MS);
    if (values) await sample(values);
    const before = signals.length;
    await engine.look(lastingDuty(AbortSignal.timeout(20_000)));
    return signals.slice(before).map(({ state, subject }) => `${state} ${subject.id}`);
  }
  const used = (a: number, b = 0.1) => ({ a: { memoryUsedRatio: a, memoryBytes: 1000 }, b: { memoryUsedRatio: b, memoryBytes: 1000 } });

  test('a threshold fires after its time, says what and which buttons, and resolves at its own level', async () => {
    rules = { memory: { ...memory, of: 'memoryBytes', condition: { is: 'threshold', above: 0.0009, resolveAt: 0.0008 } } };
    const engine = await start();
    expect(await beat(engine, used(0.95))).toEqual([]);
    expect(await beat(engine, used(0.95))).toEqual([]);
    expect(await beat(engine, used(0.95))).toEqual(['firing a']);
    expect(signals[0]).toMatchObject({
      key: 'memory/vm/a',
      severity: 'warning',
      subject: { kind: 'vm', id: 'a', name: 'name-of-a', tenant: 'default' },
      labels: { team: 'web' },
      since: clock.now() - 60_000,
      actions: [
        { action: 'vm.resize', input: { vm: 'a', memory: '2000' } },
        { action: 'vm.reboot', input: { vm: 'name-of-a' } },
      ],
      chart: { metric: 'vm.memoryUsedRatio', targets: ['a'] },
    });
    expect(await beat(engine, used(0.85))).toEqual([]);
    expect(await beat(engine, used(0.7))).toEqual(['resolved a']);
  });

  test('a fleet that becomes too large for the main thread goes on where it was, and so does one that was large when the hub was down', async () => {
    rules = { memory };
    const engine = await start();
    await beat(engine, used(0.95));
    await beat(engine, used(0.95));
    vms = [...vms, ...Array.from({ length: 6_000 }, (_, nth) => vmStatus(`more-${nth}`, 'default'))];
    const more = Object.fromEntries(vms.slice(2).map(({ id }) => [id, { memoryUsedRatio: 0.1 }]));
    expect(await beat(engine, { ...used(0.95), ...more })).toEqual(['firing a']);
    const since = engine.active()[0]?.state.since;
    await engine.close();
    const again = await start();
    expect(await beat(again, { ...used(0.95), ...more })).toEqual(['firing a']);
    expect(again.active()[0]?.state.since).toBe(since);
    expect(await beat(again, used(0.7))).toEqual(['resolved a']);
  });

  test('a restart goes on where it was: nothing is said twice, nothing is forgotten', async () => {
    rules = { memory };
    let engine = await start();
    await beat(engine, used(0.95));
    await beat(engine, used(0.95));
    await engine.close();
    engine = await start();
    expect(await beat(engine, used(0.95))).toEqual(['firing a']);
    await engine.close();
    engine = await start();
    expect(engine.active().map(({ state }) => state.is)).toEqual(['firing']);
    expect(await beat(engine, used(0.95))).toEqual(['firing a']);
    expect(await beat(engine, used(0.7))).toEqual(['resolved a']);
    expect((await store.load()).kept).toEqual([]);
  });

  test('the end of the thread loses nothing: the next look starts another with what was kept', async () => {
    rules = { memory };
    const engine = await start();
    await beat(engine, used(0.95));
    await beat(engine, used(0.95));
    await engine.close();
    expect(await beat(engine, used(0.95))).toEqual(['firing a']);
    await engine.close();
    expect(await beat(engine, used(0.7))).toEqual(['resolved a']);
  });

  test('what could not be told is told at the next look', async () => {
    rules = { memory: { ...memory, forSeconds: 0 } };
    const engine = await start();
    refuse = new Error('the incidents are closed');
    expect(await beat(engine, used(0.95))).toEqual([]);
    expect((await store.load()).kept).toEqual([]);
    refuse = null;
    expect(await beat(engine, used(0.95))).toEqual(['firing a']);
    expect((await store.load()).kept).toHaveLength(1);
  });

  test('a VM that is turned off resolves what it had; one that is deleted does after a while', async () => {
    rules = { memory: { ...memory, forSeconds: 0 } };
    const engine = await start();
    expect(await beat(engine, used(0.95, 0.95))).toEqual(['firing a', 'firing b']);
    vms = [{ ...vmStatus('a', 'default'), state: 'shut-off' }];
    expect(await beat(engine)).toEqual(['resolved a']);
    const rest = [await beat(engine), await beat(engine), await beat(engine), await beat(engine)].flat();
    expect(rest).toEqual(['resolved b']);
    expect(signals.at(-1)?.summary).toContain('not looked at any more');
  });

  test('absence counts from when this hub began to look, and only for what should run', async () => {
    rules = { gone: { title: 'Gone', severity: 'critical', metric: 'vm.vcpus', condition: { is: 'absence', seconds: 100 } } };
    await sample({ a: { vcpus: 1 }, b: { vcpus: 1 } });
    clock.advance(3_600_000);
    vms = [...vms, { ...vmStatus('off', 'default'), state: 'shut-off' }, vmStatus('silent', 'default')];
    const engine = await start();
    const told = [];
    for (let nth = 0; nth < 6; nth++) told.push(...(await beat(engine, { a: { vcpus: 1 } })));
    expect(told.toSorted()).toEqual(['firing b', 'firing silent']);
    expect(await beat(engine, { a: { vcpus: 1 }, b: { vcpus: 1 } })).toEqual(['resolved b']);
  });

  test('windows, rates and what was a week ago are read by one query each', async () => {
    const bound = { above: 2 } as const;
    rules = {
      mean: {
        title: 'Mean',
        severity: 'info',
        metric: 'vm.vcpus',
        aggregate: 'max',
        windowSeconds: 120,
        condition: { is: 'threshold', ...bound },
      },
      rate: { title: 'Rate', severity: 'info', metric: 'vm.cpuTimeSeconds', windowSeconds: 60, condition: { is: 'rate', above: 0.5 } },
      slope: { title: 'Slope', severity: 'info', metric: 'vm.memoryUsedBytes', windowSeconds: 60, condition: { is: 'rate', above: 5 } },
      week: { title: 'Week', severity: 'info', metric: 'vm.memoryBytes', condition: { is: 'past', compare: 'ratio', above: 1.5 } },
    };
    const WEEK_MS = 7 * 86_400_000;
    clock.advance(-WEEK_MS);
    for (let nth = 0; nth < 12; nth++) {
      await sample({ a: { memoryBytes: 100 }, b: { memoryBytes: 100 } });
      clock.advance(30_000);
    }
    clock.advance(WEEK_MS - 12 * 30_000);
    let queries = 0;
    const real = metrics.windows.bind(metrics);
    metrics.windows = (...args) => (queries++, real(...args));
    const engine = await start();
    const said = new Set<string>();
    for (let nth = 0; nth < 6; nth++) {
      const growing = { vcpus: 3, cpuTimeSeconds: nth * 30, memoryUsedBytes: nth * 300, memoryBytes: 200 };
      const still = { vcpus: 1, cpuTimeSeconds: 100, memoryUsedBytes: 7, memoryBytes: 110 };
      await beat(engine, { a: growing, b: still });
    }
    for (const { key, state } of signals) said.add(`${state} ${key}`);
    expect([...said].toSorted()).toEqual(['firing mean/vm/a', 'firing rate/vm/a', 'firing slope/vm/a', 'firing week/vm/a']);
    expect(signals.find(({ key }) => key.startsWith('rate'))?.values['value']).toBeCloseTo(1);
    expect(signals.find(({ key }) => key.startsWith('slope'))?.values['value']).toBeCloseTo(10);
    expect(signals.find(({ key }) => key.startsWith('week'))?.values['value']).toBeCloseTo(2);
    // Four windows, six looks; the one of a week ago moves as slowly as its window and is read less often.
    expect(queries).toBeLessThanOrEqual(24);
  });

  test('SQL and offered kinds bring their own things and values', async () => {
    const verdict = { now: 'bad' as 'bad' | 'good' };
    kinds.set('moon', {
      kind: 'moon',
      everySeconds: 1,
      settings: { validate: () => ({ ok: true, value: null }) },
      judge: async ({ targets, settings }) =>
        targets.map((subject) => ({
          subject,
          verdict: subject.id === 'a' ? verdict.now : 'good',
          summary: `${subject.id} under ${JSON.stringify(settings)}`,
          values: { phase: 1 },
        })),
    });
    rules = {
      sql: {
        title: 'SQL',
        severity: 'info',
        condition: { is: 'sql', kind: 'vm', sql: 'select entity, max(vcpus) as value from vm group by entity', above: 4 },
      },
      moon: { title: 'Moon', severity: 'info', metric: 'vm.vcpus', condition: { is: 'offered', kind: 'moon', settings: 'full' } },
      lost: { title: 'Lost', severity: 'info', metric: 'vm.vcpus', condition: { is: 'offered', kind: 'nobody', settings: null } },
    };
    const engine = await start();
    expect((await beat(engine, { a: { vcpus: 1 }, b: { vcpus: 8 } })).toSorted()).toEqual(['firing a', 'firing b']);
    expect(signals.find(({ rule }) => rule.id === 'moon')).toMatchObject({ summary: 'a under "full"', values: { phase: 1 } });
    // Its plugin may still be starting.
    expect(engine.trouble('lost')).toBeUndefined();
    verdict.now = 'good';
    expect(await beat(engine, { a: { vcpus: 1 }, b: { vcpus: 8 } })).toEqual(['resolved a']);
    expect(engine.trouble('lost')).toMatch(/offers rules of this kind/);
  });
});
