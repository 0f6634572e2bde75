/** Every forecast with what it said, scored when its time is over; and the versions of models that are trained across series. */
export const forecastMigrations: Readonly<Record<string, string>> = {
  'forecast-001': `
    create table "forecast" (
      "id" text primary key,
      "metric" text not null,
      "target" text not null,
      "device" text,
      -- Instants are epoch milliseconds.
      "madeAt" bigint not null,
      "endsAt" bigint not null,
      "stepSeconds" integer not null,
      "horizonSeconds" double precision not null,
      "model" text not null,
      "expectedMase" double precision not null,
      -- Mean absolute error of repeating the day before: the measure of "mase".
      "scale" double precision not null,
      "points" jsonb not null,
      "mase" double precision,
      "coverage" double precision,
      "scoredAt" bigint
    );
    create index "forecast_series" on "forecast" ("metric", "target", "madeAt");
    create index "forecast_due" on "forecast" ("endsAt") where "scoredAt" is null;
    create table "model" (
      "id" text primary key,
      "metric" text not null,
      "kind" text not null,
      "trainedAt" bigint not null,
      "seriesCount" integer not null,
      "cpuSeconds" double precision not null,
      -- On the backtest: of this version, and of the one it was held against (null: there was none).
      "mase" double precision not null,
      "rivalMase" double precision,
      "state" text not null check ("state" in ('active', 'replaced', 'refused'))
    );
    create unique index "model_active" on "model" ("metric", "kind") where "state" = 'active';
  `,
};
