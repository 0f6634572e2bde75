import { describe, expect, it } from 'vitest';
import { trainDense } from '../../../../plugins/analytics/models/dense-train.ts';
import { median } from '../../../../plugins/analytics/models/model.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';
import { applySeasonLinear, trainSeasonLinear, type SeasonTask } from '../../../../plugins/analytics/models/season-linear.ts';
import { tf } from '../../../../plugins/analytics/models/tensorflow.ts';
import { TRAINED_KINDS, trainAcross } from '../../../../plugins/analytics/models/train-across.ts';
import { applyWeights, trainedModel } from '../../../../plugins/analytics/models/trained.ts';

/** Days of a rhythm of its own, workdays and weekends apart, some noise. */
function fleet(count: number, hours: number): Float64Array[] {
  const random = randomOf(3);
  return Array.from({ length: count }, (_, vm) =>
    Float64Array.from({ length: hours }, (_unused, hour) => {
      const work = Math.floor(hour / 24) % 7 < 5 ? 1 : 0.3;
      return 10 + vm + 5 * work * Math.max(0, Math.sin(((hour - 2 * vm) / 24) * 2 * Math.PI)) + 0.2 * normalOf(random);
    }),
  );
}

const meanError = (a: Float64Array, b: Float64Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? 0)), 0) / a.length;
const HORIZON = 48;
const all = fleet(6, 720 + HORIZON);
const histories = all.map((values) => values.slice(0, -HORIZON));
const truths = all.map((values) => values.slice(-HORIZON));
const task = { season: 24, horizon: HORIZON, seed: 1, goOn: () => true };

describe('a model trained across series', () => {
  it.each(TRAINED_KINDS)('%s knows the rhythm, also of a series that it has not seen', async (kind) => {
    const weights = await trainAcross(kind, { values: histories.slice(1) }, task);
    if (weights === undefined) throw new Error('not trained');
    const model = trainedModel({ held: weights, final: weights });
    const [unseen = new Float64Array(0)] = histories;
    const fitted = await model.fit(unseen, { horizon: HORIZON, stepsPerDay: 24 });
    const flat = new Float64Array(HORIZON).fill(median(unseen.subarray(-24)));
    const truth = truths[0] ?? new Float64Array(0);
    expect(meanError(fitted.forecast(unseen), truth)).toBeLessThan(0.3 * meanError(flat, truth));
    const { p10, p50, p90 } = fitted.quantiles?.(unseen) ?? { p10: flat, p50: flat, p90: flat };
    expect(p50).toEqual(fitted.forecast(unseen));
    for (const [step, middle] of p50.entries()) {
      expect(p10[step]).toBeLessThanOrEqual(middle);
      expect(p90[step]).toBeGreaterThanOrEqual(middle);
    }
    const inside = [...truth].filter((value, step) => value >= (p10[step] ?? 0) && value <= (p90[step] ?? 0)).length;
    expect(inside / HORIZON).toBeGreaterThan(0.5);
  });

  it('takes part only where the steps are those it knows and the horizon is not longer', async () => {
    const weights = await trainAcross('season-linear', { values: histories }, task);
    if (weights === undefined) throw new Error('not trained');
    const model = trainedModel({ held: weights, final: weights });
    expect(model.historyMin({ horizon: 24, stepsPerDay: 24 })).toBe(192);
    expect(model.historyMin({ horizon: 49, stepsPerDay: 24 })).toBe(Infinity);
    expect(model.historyMin({ horizon: 24, stepsPerDay: 288 })).toBe(Infinity);
    expect(await model.fit(new Float64Array(200), { horizon: 24, stepsPerDay: 24 })).toBeDefined();
  });

  it('uses, for a backtest, what was known before it', async () => {
    const [held, final] = [
      await trainAcross('season-linear', { values: histories.slice(0, 3) }, task),
      await trainAcross('season-linear', { values: histories }, task),
    ];
    if (held === undefined || final === undefined) throw new Error('not trained');
    const model = trainedModel({ held, final });
    const history = histories[0] ?? new Float64Array(0);
    const shape = { horizon: 24, stepsPerDay: 24 };
    const [before, now] = [await model.fit(history, shape, 'backtest'), await model.fit(history, shape, 'final')];
    expect(before.forecast(history)).not.toEqual(now.forecast(history));
  });

  it('is none when no series is long enough', async () => {
    for (const kind of TRAINED_KINDS) expect(await trainAcross(kind, { values: [new Float64Array(100)] }, task)).toBeUndefined();
  });
});

describe('the seasonal model', () => {
  const season: SeasonTask = { season: 24, round: 7, horizon: HORIZON, log: false };

  it('forecasts finite values for what never changes and for zeros, in logs too', () => {
    for (const log of [false, true]) {
      const weights = trainSeasonLinear([...histories, new Float64Array(720), new Float64Array(720).fill(5)], { ...season, log });
      if (weights === undefined) throw new Error('not trained');
      for (const level of [0, 5]) {
        const { p50: forecast } = applySeasonLinear(weights, new Float64Array(400).fill(level));
        for (const value of forecast) expect(Math.abs(value - level)).toBeLessThan(0.5);
      }
    }
  });

  it('looks at nothing but the history: what comes later changes no weight', () => {
    const one = trainSeasonLinear(histories, season);
    const cut = trainSeasonLinear(
      all.map((values) => values.subarray(0, -HORIZON)),
      season,
    );
    expect(cut).toEqual(one);
  });
});

describe('a form of the seasonal model', () => {
  it('that is relative to the last day goes on from a level that just changed; old files without a form are read as they were', () => {
    const rose = Float64Array.from({ length: 400 }, (_, hour) => (hour < 376 ? 5 : 9));
    const [last, mean] = (['season', 'round'] as const).map((relativeTo) => {
      const width = 7 + 3 + 2 * 7 + 10;
      const task: SeasonTask = { season: 24, round: 7, horizon: HORIZON, log: false, relativeTo };
      const none = Array.from({ length: Math.ceil(HORIZON / 6) }, () => Array.from({ length: width }, () => 0));
      return applySeasonLinear({ kind: 'season-linear', task, weights: none, low: [], high: [] }, rose).p50[0];
    });
    expect(last).toBeCloseTo(9, 9);
    expect(mean).toBeCloseTo(5 + 4 / 7, 9);
    const [written, unwritten] = [{ relativeTo: 'round' as const }, {}].map((form) => {
      const weights = trainSeasonLinear(histories, { season: 24, round: 7, horizon: HORIZON, log: false, ...form });
      return weights && applySeasonLinear(weights, rose).p50;
    });
    expect(unwritten).toEqual(written);
  });
});

describe('training by TensorFlow.js', () => {
  const dense = { form: 'tide', season: 24, input: 48, horizon: 12 } as const;

  it('leaves no tensor behind, is told of each epoch, and gives the same for the same seed', async () => {
    const epochs: number[] = [];
    const training = {
      seed: 4,
      epochsMax: 2,
      windowsMax: 500,
      onEpoch: ({ checkError }: { checkError: number }) => void epochs.push(checkError),
    };
    const one = await trainDense({ values: histories }, dense, training);
    const tensors = tf.memory().numTensors;
    const again = await trainDense({ values: histories }, dense, training);
    expect(tf.memory().numTensors).toBe(tensors);
    expect(again).toEqual(one);
    expect(epochs).toHaveLength(4);
    if (one === undefined) throw new Error('not trained');
    expect(applyWeights(one, histories[0] ?? new Float64Array(0)).p50).toHaveLength(12);
  });

  it('ends when its time is over, with what it has', async () => {
    const epochs: number[] = [];
    const training = { seed: 4, goOn: () => false, onEpoch: () => void epochs.push(1) };
    expect(await trainDense({ values: histories }, dense, training)).toBeDefined();
    expect(epochs).toEqual([]);
  });
});
