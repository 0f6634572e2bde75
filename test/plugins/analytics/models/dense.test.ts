import { describe, expect, it } from 'vitest';
import {
  calendarOf,
  CALENDAR_FEATURES,
  rowAt,
  softplus,
  SPREAD_PACE,
  weekStepAt,
  type DenseTask,
} from '../../../../plugins/analytics/models/dense.ts';
import { applyTide } from '../../../../plugins/analytics/models/dense-tide.ts';
import { tideNet } from '../../../../plugins/analytics/models/dense-tide-net.ts';
import { trainDense } from '../../../../plugins/analytics/models/dense-train.ts';
import { normalOf, randomOf } from '../../../../plugins/analytics/models/random.ts';
import { startTensorflow, tf } from '../../../../plugins/analytics/models/tensorflow.ts';
import { applyWeights } from '../../../../plugins/analytics/models/trained.ts';

const HOUR_MS = 3_600_000;
const random = randomOf(8);
const noise = (length: number): Float32Array => Float32Array.from({ length }, () => 0.3 * normalOf(random));
const wave = Float64Array.from({ length: 400 }, (_, hour) => 50 + 20 * Math.sin((hour / 24) * 2 * Math.PI) + 3 * normalOf(random));

describe('what DLinear sees', () => {
  const task: DenseTask = { form: 'dlinear', season: 24, input: 72, horizon: 12 };
  const seen = { task, base: 0, scale: 100 };

  it('is a moving mean and what remains, which add up to the values', () => {
    const row = rowAt(wave, wave.length, seen);
    const plain = rowAt(wave, wave.length, { ...seen, task: { ...task, form: 'tide' } });
    expect(row).toHaveLength(144);
    for (const [i, value] of plain.entries()) expect((row[i] ?? 0) + (row[72 + i] ?? 0)).toBeCloseTo(value, 12);
  });

  it('has no rhythm of the day in the mean', () => {
    const clean = Float64Array.from({ length: 200 }, (_, hour) => 50 + 20 * Math.sin((hour / 24) * 2 * Math.PI));
    const trend = rowAt(clean, clean.length, seen).subarray(14, 58);
    expect(Math.max(...trend) - Math.min(...trend)).toBeLessThan(0.03);
  });
});

describe('the calendar', () => {
  it('knows the step of the week, of the epoch (a Thursday) and of any other instant', () => {
    expect(weekStepAt(0, 0, 24)).toBe(0);
    expect(weekStepAt(Date.UTC(2026, 10, 26, 5), 3, 24)).toBe(8);
    expect(weekStepAt(Date.UTC(2026, 10, 26), 7 * 24, 24)).toBe(0);
    expect(weekStepAt(Date.UTC(1969, 11, 31, 23), 0, 24)).toBe(167);
  });

  it('is the same a week later, and another a day later', () => {
    const table = calendarOf(24);
    const at = (step: number): number[] => [...table.subarray(step * CALENDAR_FEATURES, (step + 1) * CALENDAR_FEATURES)];
    expect(table).toHaveLength(168 * CALENDAR_FEATURES);
    expect(at(30).slice(0, 2)).toEqual(
      at(6)
        .slice(0, 2)
        .map((value) => expect.closeTo(value, 5)),
    );
    expect(at(30).slice(2)).not.toEqual(at(6).slice(2));
  });
});

describe('TiDE', () => {
  const task: DenseTask = { form: 'tide', season: 24, input: 48, horizon: 12 };
  const beganAt = Date.UTC(2026, 0, 5, 7);

  it('says as plain numbers what it says in TensorFlow', async () => {
    await startTensorflow();
    const net = tideNet(task, { matrix: noise(48 * 12), below: noise(12), above: noise(12) }, random);
    // A network that has been trained: none of its layers says nothing any more.
    for (const each of net.variables) each.assign(tf.tensor(noise(each.size), each.shape));
    const row = rowAt(wave, wave.length, { task, base: 0, scale: 10 });
    const calendar = calendarOf(24);
    const known = [0, ...Array.from({ length: 12 }, (_, step) => step)].flatMap((step) => {
      const at = weekStepAt(beganAt, wave.length + step, 24) * CALENDAR_FEATURES;
      return [...calendar.subarray(at, at + CALENDAR_FEATURES)];
    });
    const batch = {
      x: tf.tensor2d(Float32Array.from(row), [1, 48]),
      spread: tf.zeros<tf.Rank.R2>([1, 3]),
      calendar: tf.tensor3d(known, [1, 13, 4]),
    };
    const said = net.say(batch);
    const weights = net.weights();
    if (weights.kind !== 'dense-tide') throw new Error(weights.kind);
    // Base and scale are taken from the history: brought back to the model's own units, both must agree.
    const { p10, p50, p90 } = applyTide(
      weights,
      wave.map((value) => value),
      beganAt,
    );
    const own = ownUnits(wave, task);
    const again = net.say({ ...batch, x: tf.tensor2d(Float32Array.from(own.row), [1, 48]) });
    for (const [step, value] of again.median.dataSync().entries()) {
      const [below = 0, above = 0] = [again.below.dataSync()[step], again.above.dataSync()[step]];
      expect(((p50[step] ?? 0) - own.base) / own.scale).toBeCloseTo(value, 3);
      expect(((p50[step] ?? 0) - (p10[step] ?? 0)) / own.scale).toBeCloseTo(softplus(SPREAD_PACE * below), 3);
      expect(((p90[step] ?? 0) - (p50[step] ?? 0)) / own.scale).toBeCloseTo(softplus(SPREAD_PACE * above), 3);
    }
    expect([...said.median.dataSync()]).not.toEqual([...again.median.dataSync()]);
  });

  it('looks at the time of the week: the same values on another weekday are continued otherwise', async () => {
    const weights = await trainDense({ values: [workdays(40)], beganAt: [beganAt] }, task, { seed: 1, epochsMax: 4 });
    if (weights === undefined) throw new Error('not trained');
    const history = wave.slice(0, 96);
    const one = applyWeights(weights, history, beganAt).p50;
    expect(applyWeights(weights, history, beganAt + 7 * 24 * HOUR_MS).p50).toEqual(one);
    expect(applyWeights(weights, history, beganAt + 3 * 24 * HOUR_MS).p50).not.toEqual(one);
  });
});

describe('the quantiles of what is trained by TensorFlow.js', () => {
  it.each(['nlinear', 'dlinear', 'tide'] as const)(
    '%s: never cross, and hold about 8 of 10 values of a series that was not seen',
    async (form) => {
      const series = (): Float64Array =>
        Float64Array.from({ length: 720 }, (_, hour) => 40 + 10 * Math.sin((hour / 24) * 2 * Math.PI) + 4 * normalOf(random));
      const task: DenseTask = { form, season: 24, input: 48, horizon: 12 };
      const weights = await trainDense({ values: Array.from({ length: 8 }, series) }, task, { seed: 2, windowsMax: 4_000 });
      if (weights === undefined) throw new Error('not trained');
      const unseen = series();
      let [inside, count] = [0, 0];
      for (let origin = 400; origin + 12 <= 720; origin += 4) {
        const { p10, p50, p90 } = applyWeights(weights, unseen.subarray(0, origin));
        for (let step = 0; step < 12; step++) {
          const [low = 0, middle = 0, high = 0] = [p10[step], p50[step], p90[step]];
          expect(low).toBeLessThan(middle);
          expect(middle).toBeLessThan(high);
          const came = unseen[origin + step] ?? 0;
          if (came >= low && came <= high) inside++;
          count++;
        }
      }
      expect(inside / count).toBeGreaterThan(0.7);
      expect(inside / count).toBeLessThan(0.9);
    },
  );
});

function ownUnits(history: Float64Array, task: DenseTask): { row: Float64Array; base: number; scale: number } {
  const base = history.subarray(-24).reduce((sum, value) => sum + value, 0) / 24;
  const changes = [...history.subarray(24)].map((value, i) => Math.abs(value - (history[i] ?? 0)));
  const scale = changes.reduce((sum, change) => sum + change, 0) / changes.length;
  return { row: rowAt(history, history.length, { task, base, scale }), base, scale };
}

/** Busy on five days, idle on two. */
function workdays(days: number): Float64Array {
  return Float64Array.from(
    { length: days * 24 },
    (_, hour) => (Math.floor(hour / 24) % 7 < 5 && hour % 24 > 8 && hour % 24 < 17 ? 80 : 10) + normalOf(random),
  );
}
