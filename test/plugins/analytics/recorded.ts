import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database, definePlugin, Metrics, type Log, type SampleBatch } from 'novacron/plugin';
import { z } from 'zod';
import { Archive } from '../../../plugins/analytics/forecast/archive.ts';
import type { DutyParts } from '../../../plugins/analytics/forecast/duty.ts';
import { MetricForecasts } from '../../../plugins/analytics/forecast/metric-forecasts.ts';
import { forecastMigrations } from '../../../plugins/analytics/forecast/migrations.ts';
import { ModelStore } from '../../../plugins/analytics/forecast/model-store.ts';
import { createForecasts } from '../../../plugins/analytics/forecast/threads.ts';
import { createTestClock, type TestClock } from '../../kit/clock.ts';
import { startTestHub } from '../../kit/hub.ts';
import { createMachines } from './machines.ts';

export const HOUR_MS = 3_600_000;
export const NOW = Date.UTC(2026, 0, 19, 12);

export interface Recorded extends AsyncDisposable {
  readonly clock: TestClock;
  readonly parts: DutyParts;
  readonly forecasts: MetricForecasts;
  readonly warnings: string[];
  /** A second look at the same database and files, as after a restart. */
  freshModels(): ModelStore;
  /** Where the weights of models are. */
  readonly dataDir: string;
  /** A value an hour of a VM, the last one before `endsAt`. */
  measure(id: string, values: (hour: number) => Readonly<Record<string, number>>, range: { hours: number; endsAt?: number }): Promise<void>;
}

/** The parts of the forecasts' record on a real hub: its store of metrics, and a schema of its own in its database. */
export async function startRecorded(): Promise<Recorded> {
  const clock = createTestClock(NOW);
  const dataDir = await mkdtemp(join(tmpdir(), 'novacron-models-'));
  let services: { database: Database; metrics: Metrics } | undefined;
  const needs = { database: Database, metrics: Metrics };
  const holder = definePlugin({ name: 'holder', api: 1, config: z.object({}), needs, provides: {} }, () => ({
    migrations: forecastMigrations,
    start: (ctx) => {
      services = ctx.services;
      return {};
    },
  }));
  const hub = await startTestHub({ plugins: [createMachines().plugin, holder], clock });
  if (services === undefined) throw new Error('the plugin did not start');
  const { database, metrics } = services;
  const warnings: string[] = [];
  const log: Log = { debug() {}, info() {}, warn: (_, message) => void warnings.push(message), error() {} };
  const freshModels = (): ModelStore => new ModelStore({ database, dataDir, log });
  const shared = { archive: new Archive(database), models: freshModels(), metrics, clock, historyDays: 28 };
  const threads = createForecasts({ runningMax: 1, waitingMax: 4 });
  const duties = {
    trainedMetrics: ['vm.cpuRatio'],
    trainEveryHours: 24,
    seriesMax: 100,
    cpuSecondsMax: 60,
    keepDays: 100,
    triedAt: new Map(),
  };
  return {
    clock,
    dataDir,
    warnings,
    freshModels,
    parts: { ...shared, ...duties, log },
    forecasts: new MetricForecasts({ ...shared, threads }),
    async measure(id, values, { hours, endsAt = NOW }) {
      const batches = Array.from({ length: hours }, (_, hour): SampleBatch => {
        const at = endsAt - (hours - hour) * HOUR_MS;
        return { table: 'vm', at, rows: [{ entity: id, values: values(hour) }] };
      });
      for (let start = 0; start < batches.length; start += 60) await metrics.write('monitoring', batches.slice(start, start + 60));
    },
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
