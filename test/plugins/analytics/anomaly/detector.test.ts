import { assert, constantFrom, double, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createState,
  DETECTOR,
  detectorOf,
  detects,
  explain,
  observe,
  STATE_BYTES,
  STATE_LENGTH,
  THRESHOLDS,
} from '../../../../plugins/analytics/anomaly/detector.ts';
import { randomOf } from '../../../../plugins/analytics/models/random.ts';
import { cron, daily, DAY_ROWS, generate, instantOf, type Moment } from './generated.ts';

interface Run {
  readonly scores: number[];
  /** Rows that were detections. */
  readonly found: number[];
  readonly state: Float64Array;
}

function run(
  values: readonly number[],
  state = createState(),
  { fromRow = 0, threshold }: { fromRow?: number; threshold?: number } = {},
): Run {
  const scores: number[] = [];
  const found: number[] = [];
  for (const [i, value] of values.entries()) {
    const score = observe(state, { instant: instantOf(fromRow + i), value });
    scores.push(score);
    if (detects(state, score, threshold ?? THRESHOLDS.normal)) found.push(fromRow + i);
  }
  return { scores, found, state };
}

const daysOf = (rows: readonly number[]): number[] => rows.map((row) => Math.floor(row / DAY_ROWS));

/** Any series that a machine may have: steps, spikes, noise, constants. */
const anySeries = record({ seed: integer(), scale: constantFrom(1e-3, 1, 1e9), jumpy: double({ min: 0, max: 1, noNaN: true }) }).map(
  ({ seed, scale, jumpy }) => {
    const random = randomOf(seed);
    let level = random();
    return Array.from({ length: 900 }, () => {
      if (random() < jumpy / 20) level = random() * 10;
      return scale * (level + (random() < jumpy ? random() : 0));
    });
  },
);

describe('what a score depends on', () => {
  it('is the rows up to it only: any prefix of any series has the same scores', () => {
    assert(
      property(anySeries, integer({ min: 0, max: 900 }), (values, length) => {
        expect(run(values.slice(0, length)).scores).toEqual(run(values).scores.slice(0, length));
      }),
      { numRuns: 30 },
    );
  });

  it('is in its state alone: stored anywhere and restored, it goes on with the same scores', () => {
    assert(
      property(anySeries, integer({ min: 0, max: 900 }), (values, at) => {
        const whole = run(values);
        const before = run(values.slice(0, at));
        const bytes = Buffer.from(before.state.buffer.slice(0));
        const restored = new Float64Array(new Uint8Array(bytes).buffer);
        const after = run(values.slice(at), restored, { fromRow: at });
        expect([...before.scores, ...after.scores]).toEqual(whole.scores);
        expect([...before.found, ...after.found]).toEqual(whole.found);
      }),
      { numRuns: 30 },
    );
  });

  it('is never anything but a number, nor is what is kept', () => {
    assert(
      property(anySeries, (values) => {
        const { scores, state } = run(values);
        expect(scores.every(Number.isFinite)).toBe(true);
        expect(state.every(Number.isFinite)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

it('keeps as much of a year as of a minute, in less than 15 kB', () => {
  const { state } = run(generate(366, daily));
  expect(state.length).toBe(STATE_LENGTH);
  expect(state.byteLength).toBe(STATE_BYTES);
  expect(STATE_BYTES).toBeLessThan(15_000);
  expect(state.every(Number.isFinite)).toBe(true);
});

it('passes over what is no number and what comes late, and learns nothing from it', () => {
  const state = createState();
  run(generate(3, daily), state);
  const before = state.slice();
  const now = instantOf(3 * DAY_ROWS);
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) expect(observe(state, { instant: now, value })).toBe(0);
  expect(observe(state, { instant: instantOf(5), value: 1000 })).toBe(0);
  expect(state).toEqual(before);
});

describe('what is found', () => {
  const spoilt = (days: number, like: (moment: Moment) => number, spoil: (moment: Moment, value: number) => number): number[] =>
    generate(days, (moment) => spoil(moment, like(moment)));

  it('is a spike, within minutes', () => {
    const values = spoilt(15, daily, ({ day, hour }, value) => (day === 14 && hour >= 3 && hour < 3.5 ? 0.95 : value));
    expect(run(values).found).toEqual([14 * DAY_ROWS + 36]);
  });

  it('is a level that is usual at noon, but not at night', () => {
    const values = spoilt(15, daily, ({ day, hour, noise }, value) => (day === 14 && hour >= 1 && hour < 5 ? 0.6 + 0.02 * noise : value));
    expect(daysOf(run(values).found)).toEqual([14]);
  });

  it('is a day on which the usual peak is missing', () => {
    const values = spoilt(15, daily, ({ day, noise }, value) => (day === 14 ? Math.min(value, 0.4 + 0.02 * noise) : value));
    expect(daysOf(run(values).found)).toContain(14);
  });

  it('is a noisy metric that stands still, where one looks closely', () => {
    const values = spoilt(
      15,
      ({ noise }) => 0.5 + 0.1 * noise,
      ({ day }, value) => (day === 14 ? 0.5 : value),
    );
    expect(daysOf(run(values, createState(), { threshold: THRESHOLDS.high }).found)).toContain(14);
  });

  it('is said once, not at every row', () => {
    const values = spoilt(16, daily, ({ day }, value) => (day >= 14 ? value + 0.5 : value));
    const { found } = run(values);
    expect(found[0]).toBeLessThan(14 * DAY_ROWS + 12);
    expect(found.length).toBeLessThan(5);
  });
});

describe('what is ordinary', () => {
  it("is a job at 6 o'clock, from the fourth day on", () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { found } = run(generate(60, cron(), seed));
      expect(daysOf(found).filter((day) => day > 2)).toEqual([]);
    }
  });

  it('is not that job at another hour', () => {
    const late = ({ hour, day, ...rest }: Moment): number => cron()({ hour: day === 30 ? hour - 8 : hour, day, ...rest });
    expect(daysOf(run(generate(32, late)).found).filter((day) => day > 2)).toEqual([30]);
  });

  it('is a weekend unlike the days before it, from the third on', () => {
    const office = (moment: Moment): number => (moment.weekend ? 0.1 + 0.02 * moment.noise : daily(moment));
    expect(daysOf(run(generate(56, office)).found).filter((day) => day >= 21)).toEqual([]);
  });

  it('is noise: nothing in a month of normal noise, at most one finding a week where tails are heaviest', () => {
    const kinds = [
      { most: 5, kind: ({ noise }: Moment) => 0.5 + 0.1 * noise },
      { most: 5, kind: daily },
      { most: 10, kind: ({ chance, noise }: Moment) => (chance < 0.05 ? 1 : 0.02) + 0.005 * noise },
      { most: 30, kind: ({ chance }: Moment) => -Math.log(1 - chance) },
      { most: 42, kind: ({ noise }: Moment) => Math.exp(noise) },
    ];
    for (const { most, kind } of kinds) {
      const found = [1, 2, 3].flatMap((seed) => run(generate(100, kind, seed)).found);
      expect(found.length).toBeLessThanOrEqual(most);
    }
  });

  it('is a value that never changes', () => {
    expect(run(generate(30, () => 0)).scores.every((score) => score < THRESHOLDS.high)).toBe(true);
  });
});

it('says against which past a row was unusual', () => {
  const values = generate(15, (moment) => (moment.day === 14 && moment.hour >= 3 ? 0.95 : daily(moment)));
  const { state } = run(values.slice(0, 14 * DAY_ROWS + 37));
  const { value, expected, range, parts, days } = explain(state);
  expect(value).toBe(0.95);
  expect(expected).toBeGreaterThan(0.05);
  expect(expected).toBeLessThan(0.2);
  expect(range.low).toBeLessThan(range.middle);
  expect(range.middle).toBeLessThan(range.high);
  expect(days).toBe(14);
  expect(parts.time).toBeGreaterThan(3);
});

describe('other settings', () => {
  const values = Array.from({ length: 900 }, (_, row) => (row === 700 ? 50 : Math.sin(row / 40)));
  const scoresOf = (settings: typeof DETECTOR): number[] => {
    const detector = detectorOf(settings);
    const state = createState(detector);
    return values.map((value, row) => observe(state, { instant: instantOf(row), value }, detector));
  };

  it('are what ships when nothing is said', () => {
    expect(scoresOf(DETECTOR)).toEqual(run(values).scores);
  });

  it('look further back, or leave a part out, and lower no score below 0', () => {
    const longer = scoresOf({ ...DETECTOR, levelRows: 40, lastingRows: 100, variationRows: 120 });
    const fewer = scoresOf({ ...DETECTOR, parts: ['level'] });
    expect(longer).not.toEqual(run(values).scores);
    expect(longer[700]).toBeGreaterThan(1);
    expect(fewer[700]).toBeLessThan(run(values).scores[700] ?? 0);
    expect([...longer, ...fewer].every((score) => score >= 0)).toBe(true);
  });
});
