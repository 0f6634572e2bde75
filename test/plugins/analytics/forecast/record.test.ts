import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doDuties } from '../../../../plugins/analytics/forecast/duty.ts';
import { scoreDue, scoreOf } from '../../../../plugins/analytics/forecast/scoring.ts';
import { trainMetric } from '../../../../plugins/analytics/forecast/training.ts';
import { HOUR_MS, NOW, startRecorded, type Recorded } from '../recorded.ts';

const DAY_SECONDS = 86_400;
const { signal } = new AbortController();
let recorded: Recorded;

beforeAll(async () => {
  recorded = await startRecorded();
});
afterAll(() => recorded[Symbol.asyncDispose]());

const daily = (hour: number): { cpuRatio: number } => ({ cpuRatio: 0.4 + 0.3 * Math.sin((hour / 24) * 2 * Math.PI) });

describe('what came, held against a forecast', () => {
  const points = [0, 1, 2, 3].map((at) => ({ at, p10: 0, p50: 1, p90: 2 }));

  it('is scored where something was measured', () => {
    const came = new Map([
      [0, 1],
      [1, 3],
      [3, 2],
    ]);
    expect(scoreOf({ points, scale: 0.5 }, came)).toEqual({ mase: 2, coverage: 2 / 3 });
  });

  it('has no score where nothing was measured: an outage is no error of a forecast', () => {
    expect(scoreOf({ points, scale: 0.5 }, new Map())).toEqual({ mase: null, coverage: null });
  });
});

describe('the record of forecasts', () => {
  it('keeps each, scores it when its time is over, and shows the scores beside the next', async () => {
    const { forecasts, parts, clock, measure } = recorded;
    await measure('web', daily, { hours: 336 });
    const question = { metric: 'vm.cpuRatio', target: 'web', horizonSeconds: DAY_SECONDS, signal };
    const first = await forecasts.ofMetric(question);
    expect(first.record).toEqual({ forecasts: 0, mase: null, coverage: null });
    expect((await forecasts.ofMetric(question)).id).toBe(first.id);
    expect(await scoreDue(parts, signal)).toBe(0);

    clock.advance(DAY_SECONDS * 1000);
    await measure('web', (hour) => daily(336 + hour), { hours: 24, endsAt: NOW + DAY_SECONDS * 1000 });
    expect(await scoreDue(parts, signal)).toBe(1);
    expect(await scoreDue(parts, signal)).toBe(0);
    const [score] = await forecasts.scores({ metric: 'vm.cpuRatio', targets: ['web'] });
    expect(score).toMatchObject({ id: first.id, target: 'web', device: null, horizonSeconds: DAY_SECONDS, scoredAt: clock.now() });
    expect(score?.mase).toBeLessThan(0.3);

    const second = await forecasts.ofMetric(question);
    expect(second.id).not.toBe(first.id);
    expect(second.record).toEqual({ forecasts: 1, mase: score?.mase, coverage: score?.coverage });
    expect(await forecasts.scores({ targets: ['nobody'] })).toEqual([]);
  });

  it('counts a forecast whose values never came as over, without a score', async () => {
    const { forecasts, parts, clock, measure } = recorded;
    await measure('dies', daily, { hours: 96, endsAt: clock.now() });
    await forecasts.ofMetric({ metric: 'vm.cpuRatio', target: 'dies', horizonSeconds: DAY_SECONDS, signal });
    clock.advance(2 * DAY_SECONDS * 1000);
    await scoreDue(parts, signal);
    const [score] = await forecasts.scores({ targets: ['dies'] });
    expect(score).toMatchObject({ mase: null, coverage: null });
    expect(score?.scoredAt).not.toBeNull();
  });

  it('says which metrics there are, and how old the newest value is', async () => {
    const { forecasts, clock } = recorded;
    const of = { target: 'web', horizonSeconds: 3600, signal };
    await expect(forecasts.ofMetric({ ...of, metric: 'vm.nothing' })).rejects.toMatchObject({ code: 'metric_unknown' });
    clock.advance(3 * DAY_SECONDS * 1000);
    await expect(forecasts.ofMetric({ ...of, metric: 'vm.cpuRatio' })).rejects.toMatchObject({ code: 'forecast_history_old' });
  });
});

describe('the time to a limit', () => {
  it('lies where a growing value meets it, early before late, and is the capacity by default', async () => {
    const { forecasts, clock, measure } = recorded;
    const noise = (hour: number): number => ((hour * 7919) % 17) / 17;
    const grows = (hour: number) => ({ memoryBytes: 1000, memoryUsedBytes: 500 + hour + 4 * noise(hour) });
    await measure('grows', grows, { hours: 400, endsAt: clock.now() });
    const question = { metric: 'vm.memoryUsedBytes', target: 'grows', horizonSeconds: 7 * DAY_SECONDS, signal };
    const outlook = await forecasts.timeToLimit(question);
    expect(outlook.value).toBe(1000);
    const meets = clock.now() + 98 * HOUR_MS;
    expect(Math.abs((outlook.p50At ?? 0) - meets)).toBeLessThan(12 * HOUR_MS);
    expect(outlook.p10At ?? 0).toBeLessThanOrEqual(outlook.p50At ?? 0);
    expect(outlook.p50At ?? 0).toBeLessThanOrEqual(outlook.p90At ?? Infinity);
    expect(await forecasts.probabilityOfLimit({ ...question, limit: { value: 1000 } })).toBeGreaterThan(0.9);
    expect(await forecasts.probabilityOfLimit({ ...question, limit: { value: 5000 } })).toBe(0);
    expect(await forecasts.probabilityOfLimit({ ...question, limit: { value: 100, direction: 'below' } })).toBe(0);
  });

  it('is not within the horizon for what does not grow', async () => {
    const { forecasts, clock, measure } = recorded;
    await measure('flat', daily, { hours: 336, endsAt: clock.now() });
    const outlook = await forecasts.timeToLimit({ metric: 'vm.cpuRatio', target: 'flat', horizonSeconds: DAY_SECONDS, signal });
    expect(outlook).toMatchObject({ value: 1, p10At: null, p50At: null, p90At: null });
  });

  it('must be given where the metric has none', async () => {
    const { forecasts } = recorded;
    const question = { metric: 'vm.vcpus', target: 'flat', horizonSeconds: DAY_SECONDS, signal };
    await expect(forecasts.timeToLimit(question)).rejects.toMatchObject({ code: 'forecast_limit_unknown', status: 422 });
  });
});

describe('models trained across series', () => {
  const wavy = (vm: number) => (hour: number) => ({
    cpuRatio: 0.3 + 0.04 * vm + 0.2 * Math.sin(((hour + 3 * vm) / 24) * 2 * Math.PI) + 0.05 * (((hour * 7919 + vm * 31) % 23) / 23),
  });

  it('are none while too little is measured', async () => {
    expect(await trainMetric('vm.memoryUsedBytes', recorded.parts, signal)).toEqual([]);
  });

  // A thread that stepped back waits long on a busy machine.
  it('are used from the first training on, and replaced only by what wins', { timeout: 90_000 }, async () => {
    const { clock, dataDir, forecasts, freshModels, measure, parts, warnings } = recorded;
    for (let vm = 0; vm < 5; vm++) await measure(`vm-${vm}`, wavy(vm), { hours: 672, endsAt: clock.now() });
    const first = await trainMetric('vm.cpuRatio', parts, signal);
    expect(first.map(({ kind, state }) => [kind, state])).toEqual([
      ['season-linear', 'active'],
      ['season-log', 'active'],
      ['global-linear', 'active'],
      ['global-dlinear', 'active'],
      ['global-mlp', 'active'],
    ]);
    // The same series give the same models: none wins.
    const again = await trainMetric('vm.cpuRatio', parts, signal);
    expect(again.map(({ state, mase }) => [state, mase])).toEqual(first.map(({ mase }) => ['refused', mase]));
    expect((await readdir(join(dataDir, 'models'))).toSorted()).toEqual(first.map(({ id }) => `${id}.json`).toSorted());

    const { backtest } = await forecasts.ofMetric({ metric: 'vm.cpuRatio', target: 'vm-0', horizonSeconds: DAY_SECONDS, signal });
    const names = backtest.map(({ model }) => model);
    expect(names).toEqual(expect.arrayContaining(['season-linear', 'season-log', 'global-linear', 'global-dlinear', 'global-mlp']));

    expect(await freshModels().active('vm.cpuRatio')).toHaveLength(5);
    await rm(join(dataDir, 'models', `${first[0]?.id}.json`));
    expect(await freshModels().active('vm.cpuRatio')).toHaveLength(4);
    const lost = 'the weights of a model cannot be read; forecasts do without it until it is trained again';
    expect(warnings).toEqual([lost]);
    // Weights of a form that an older version wrote.
    const old = { kind: 'dense', task: { season: 24, input: 168, horizon: 48, hidden: 0 }, matrix: [], bias: [] };
    await writeFile(join(dataDir, 'models', `${first[2]?.id}.json`), JSON.stringify({ held: old, final: old }));
    expect(await freshModels().active('vm.cpuRatio')).toHaveLength(3);
    expect(warnings).toEqual([lost, lost, lost]);
  });

  it('are trained when they are due, not more often, and what is not measured holds up nothing', { timeout: 90_000 }, async () => {
    const { clock, parts: all } = recorded;
    const parts = { ...all, trainedMetrics: ['vm.unknown', 'vm.cpuRatio'], cpuSecondsMax: 5 };
    const count = async (): Promise<number> => (await parts.models.versions('vm.cpuRatio')).length;
    const before = await count();
    await doDuties(parts, signal);
    expect(await count()).toBe(before);
    clock.advance(25 * HOUR_MS);
    await doDuties(parts, signal);
    const after = await count();
    expect(after).toBeGreaterThan(before);
    await doDuties(parts, signal);
    expect(await count()).toBe(after);
    expect(await parts.models.versions('vm.unknown')).toEqual([]);
  });
});
