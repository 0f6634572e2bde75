import { FieldType, outerJoinDataFrames, type DataFrame, type Field } from '@grafana/data';

/** How far to trust a forecast, as the hub says it. */
export interface Score {
  readonly of: string;
  readonly model: string;
  readonly mase: number | null;
  readonly coverage: number;
  readonly folds: number;
  readonly horizonSeconds: number;
  readonly isShortened: boolean;
  /** Of earlier forecasts of this series, held against what came. */
  readonly record: { readonly forecasts: number; readonly mase: number | null; readonly coverage: number | null };
}

export type Role = 'measured' | 'p10' | 'p50' | 'p90' | 'unusual';

export interface BandData {
  /** Time in the first field, then what was measured and the quantiles. */
  readonly joined: DataFrame;
  readonly roles: readonly { readonly field: Field; readonly role: Role; readonly of: string }[];
  readonly scores: readonly Score[];
  /** Epoch milliseconds: where the first forecast begins; `null` without any. */
  readonly begins: number | null;
}

const scoreOf = ({ meta }: DataFrame): Score | undefined => (meta?.custom as { forecast?: Score } | undefined)?.forecast;

const ROLES = ['p10', 'p50', 'p90'] as const;

/** Puts samples and forecasts of one answer on one axis of time. */
export function bandData(frames: readonly DataFrame[]): BandData | null {
  const timed = frames.filter(({ fields, length }) => length > 0 && fields.some(({ type }) => type === FieldType.time));
  const joined = timed.length === 0 ? undefined : outerJoinDataFrames({ frames: [...timed] });
  if (joined === undefined) return null;
  const roles = joined.fields
    .slice(1)
    .filter(({ type }) => type === FieldType.number)
    .map((field) => {
      const role = ROLES.find((one) => field.labels?.['quantile'] === one) ?? (field.labels?.['unusual'] ? 'unusual' : 'measured');
      const { name = '', device } = field.labels ?? {};
      return { field, role, of: device ? `${name} ${device}` : name } as const;
    });
  const scores = frames.flatMap((frame) => scoreOf(frame) ?? []);
  const begins = frames.flatMap((frame) => (scoreOf(frame) === undefined ? [] : [Number(frame.fields[0]?.values[0])]));
  return { joined, roles, scores, begins: begins.length > 0 ? Math.min(...begins) : null };
}

/** `0.72` is better than repeating the day before, above 1 it is worse: said in a word. */
export function gradeOf({ mase }: Score): { readonly text: string; readonly color: 'green' | 'orange' | 'red' } {
  if (mase === null) return { text: 'not tested', color: 'orange' };
  if (mase <= 0.8) return { text: `MASE ${mase.toFixed(2)}: good`, color: 'green' };
  return mase <= 1 ? { text: `MASE ${mase.toFixed(2)}: fair`, color: 'orange' } : { text: `MASE ${mase.toFixed(2)}: poor`, color: 'red' };
}
