import type { Database } from 'novacron/plugin';
import type { ForecastScore, MetricForecast, ModelName, ScoreFilter, ScoreRecord } from '../port.ts';

export type ForecastPoint = MetricForecast['points'][number];

/** A forecast whose time is over and that has not been scored. */
export interface DueForecast {
  readonly id: string;
  readonly metric: string;
  readonly target: string;
  readonly device: string | null;
  readonly stepSeconds: number;
  readonly scale: number;
  readonly points: readonly ForecastPoint[];
}

type ScoreRow = Omit<ForecastScore, 'madeAt' | 'scoredAt' | 'model'> & {
  readonly madeAt: string;
  readonly scoredAt: string | null;
  readonly model: string;
};

export interface NewForecast extends Pick<
  MetricForecast,
  'id' | 'metric' | 'target' | 'device' | 'stepSeconds' | 'horizonSeconds' | 'points'
> {
  readonly madeAt: number;
  readonly model: ModelName;
  readonly expectedMase: number;
  readonly scale: number;
}

export interface Score {
  readonly mase: number | null;
  readonly coverage: number | null;
}

const ROWS_DEFAULT = 100;
const ROWS_MAX = 1_000;
const RECORD_DAYS = 90;

/** The table `forecast`: all its SQL is here. */
export class Archive {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async add(made: NewForecast): Promise<void> {
    const endsAt = (made.points.at(-1)?.at ?? made.madeAt) + made.stepSeconds * 1000;
    await this.#db.sql`insert into "forecast"
      ("id", "metric", "target", "device", "madeAt", "endsAt", "stepSeconds", "horizonSeconds", "model", "expectedMase", "scale", "points")
      values (${made.id}, ${made.metric}, ${made.target}, ${made.device}, ${made.madeAt}, ${endsAt}, ${made.stepSeconds},
        ${made.horizonSeconds}, ${made.model}, ${made.expectedMase}, ${made.scale}, ${JSON.stringify(made.points)}::jsonb)`;
  }

  /** Those whose time was over at `before`, the oldest first. */
  async due(before: number, rowsMax: number): Promise<DueForecast[]> {
    return this.#db.sql<DueForecast>`select "id", "metric", "target", "device", "stepSeconds", "scale", "points" from "forecast"
      where "scoredAt" is null and "endsAt" <= ${before} order by "endsAt" limit ${rowsMax}`;
  }

  async score(id: string, { mase, coverage }: Score, scoredAt: number): Promise<void> {
    await this.#db.sql`update "forecast" set "mase" = ${mase}, "coverage" = ${coverage}, "scoredAt" = ${scoredAt} where "id" = ${id}`;
  }

  async scores({ metric, targets, since = 0, rowsMax = ROWS_DEFAULT }: ScoreFilter): Promise<ForecastScore[]> {
    const rows = await this.#db
      .sql<ScoreRow>`select "id", "metric", "target", "device", "madeAt", "horizonSeconds", "model", "expectedMase",
        "mase", "coverage", "scoredAt" from "forecast"
      where (${metric ?? null}::text is null or "metric" = ${metric ?? null})
        and (${targets === undefined}::boolean or "target" = any(${[...(targets ?? [])]}::text[]))
        and "madeAt" >= ${since}
      order by "madeAt" desc, "id" limit ${Math.min(rowsMax, ROWS_MAX)}`;
    return rows.map((row) => ({
      ...row,
      model: row.model as ModelName,
      madeAt: Number(row.madeAt),
      scoredAt: row.scoredAt === null ? null : Number(row.scoredAt),
    }));
  }

  /** How the forecasts of one series did, of the last 90 days. */
  async record(
    of: { readonly metric: string; readonly target: string; readonly device: string | null },
    now: number,
  ): Promise<ScoreRecord> {
    const since = now - RECORD_DAYS * 86_400_000;
    const [row] = await this.#db
      .sql<ScoreRecord>`select count(*)::integer as "forecasts", avg("mase") as "mase", avg("coverage") as "coverage"
      from "forecast" where "metric" = ${of.metric} and "target" = ${of.target} and "device" is not distinct from ${of.device}
        and "scoredAt" is not null and "mase" is not null and "madeAt" >= ${since}`;
    return row ?? { forecasts: 0, mase: null, coverage: null };
  }

  /** Deletes what was made before `before`. */
  async forget(before: number): Promise<void> {
    await this.#db.sql`delete from "forecast" where "madeAt" < ${before}`;
  }
}
