import { defineService, type Unit } from 'novacron/plugin';

/** Values over time. Instants are epoch milliseconds in rising order, at any distance; `null` and NaN are gaps. */
export interface Series {
  readonly at: readonly number[];
  readonly value: readonly (number | null)[];
}

export interface ForecastOptions {
  /** How far ahead. Shortened when the history does not carry it; see `Forecast.shortened`. */
  readonly horizonSeconds: number;
  /** Width of a step of history and forecast: 60 .. 86,400. `stepSecondsFor` chooses one from the horizon. */
  readonly stepSeconds: number;
  readonly signal: AbortSignal;
  /** No forecast lies below; default 0. `null`: no bound. */
  readonly minimum?: number | null;
  /** No forecast lies above, for instance 1 for ratios; default no bound. */
  readonly maximum?: number | null;
  /** Asked along: when is it reached? Answered as `Forecast.limit`. */
  readonly limit?: LimitQuestion;
  /** Default 20,000. HubError `forecast_timeout` after it. */
  readonly timeoutMs?: number;
  /** Of the training; the same seed and series give the same forecast. Default 1. */
  readonly seed?: number;
}

/**
 * All models, the simplest first. `combination`: the weighted median of the others. Those from `season-linear` on are trained across series. Models
 * that are not used any more (`median-48h`, `fading-median`, `fading-hour`, `profile-7d`) stay named: the record of forecasts knows them.
 */
export const MODEL_NAMES = [
  'last-value',
  'median-12h',
  'median-24h',
  'median-48h',
  'median-168h',
  'fading-last',
  'fading-median',
  'fading-hour',
  'seasonal-24h',
  'seasonal-168h',
  'seasonal-found',
  'median-7d',
  'median-found',
  'profile-7d',
  'profile-week',
  'day-shape',
  'drift',
  'holt-winters',
  'holt-damped',
  'nlinear',
  'season-linear',
  'season-log',
  'global-linear',
  'global-dlinear',
  'global-mlp',
  'combination',
] as const;
export type ModelName = (typeof MODEL_NAMES)[number];

/** Score of a model on the rolling backtest of this very series. */
export interface ModelScore {
  readonly model: ModelName;
  /** Mean absolute error divided by that of repeating the value of a day (or, with little history, a step) before; 1 is as good as that. */
  readonly mase: number;
  /** In the unit of the series. */
  readonly mae: number;
  /** What it counts in the combination, 0 .. 1. */
  readonly weight: number;
}

/** In the unit of the series. */
export interface LimitQuestion {
  readonly value: number;
  /** Default `above`: reached is being at or above it. */
  readonly direction?: 'above' | 'below';
}

/** By the errors of the backtest, laid on the forecast. */
export interface LimitOutlook {
  readonly value: number;
  readonly direction: 'above' | 'below';
  /** Of each point: the chance, 0 .. 1, that the limit has been reached by the end of its step. Never falls. */
  readonly probability: readonly number[];
  /** How far it was looked ahead: less than asked when the history does not carry more. */
  readonly horizonSeconds: number;
  /** Epoch milliseconds: when that chance is 0.1 (it could be as early as this), 0.5, 0.9 (as late as this); `null`: not within the horizon. */
  readonly p10At: number | null;
  readonly p50At: number | null;
  readonly p90At: number | null;
}

export interface HistorySummary {
  /** Epoch milliseconds: begin of the first and end of the last step that was used. */
  readonly from: number;
  readonly to: number;
  /** Steps with a value, and steps without. */
  readonly steps: number;
  readonly missing: number;
}

export interface Forecast {
  /** `combination` unless a single model of the backtest is better by three tenths. */
  readonly model: ModelName;
  /** Best first. Models that this history is too short for are absent. */
  readonly backtest: readonly ModelScore[];
  /** How many forecasts the backtest made of each model. */
  readonly folds: number;
  /** Share of the backtest's values inside a p10-p90 band that was made without them; 0.8 is the aim. */
  readonly coverage: number;
  /** Length of the rhythm that was found in the history; `null`: none, or none but the day. */
  readonly seasonSeconds: number | null;
  readonly stepSeconds: number;
  readonly horizonSeconds: number;
  /** Present when less was forecast than asked, because the history does not carry more. */
  readonly shortened: { readonly askedSeconds: number; readonly needsHistorySeconds: number } | null;
  /** The mean of the step that begins `at` (epoch milliseconds): p10 <= p50 <= p90, within the bounds. */
  readonly points: readonly { readonly at: number; readonly p10: number; readonly p50: number; readonly p90: number }[];
  /** `null` when no limit was asked about. */
  readonly limit: LimitOutlook | null;
  /** The history as the models saw it; `null` where nothing was measured. */
  readonly observed: { readonly at: readonly number[]; readonly value: readonly (number | null)[] };
  readonly history: HistorySummary;
}

/** One series of a metric: of a VM, a host, any kind that is measured; values of several devices are added (of ratios the fullest is taken). */
export interface MetricQuestion {
  /** `<table>.<metric>`: `vm.cpuRatio`, `vm.filesystem.usedRatio`. Counters are forecast as their rate. */
  readonly metric: string;
  /** Resource id. Authorization is the caller's. */
  readonly target: string;
  /** Only this part of it: `vda`, `/var`. */
  readonly device?: string;
  readonly horizonSeconds: number;
  readonly limit?: LimitQuestion;
  readonly signal: AbortSignal;
}

export interface MetricForecast extends Forecast {
  /** Of the record of this forecast; it is scored when what it forecast has come. */
  readonly id: string;
  readonly metric: string;
  readonly target: string;
  readonly device: string | null;
  readonly unit: Unit;
  /** How old the newest value is. */
  readonly ageSeconds: number;
  /** How good earlier forecasts of this series were, held against what came. */
  readonly record: ScoreRecord;
}

/** Of forecasts whose time is over. Without any (`forecasts` 0) the means are `null`. */
export interface ScoreRecord {
  readonly forecasts: number;
  /** Mean absolute error relative to that of repeating the day before. */
  readonly mase: number | null;
  /** Share of what came inside p10-p90; 0.8 is the aim. */
  readonly coverage: number | null;
}

export interface ScoreFilter {
  readonly metric?: string;
  /** Resource ids; absent: all. Authorization is the caller's. */
  readonly targets?: readonly string[];
  /** Made since; epoch milliseconds. */
  readonly since?: number;
  /** Default 100, at most 1,000. */
  readonly rowsMax?: number;
}

/** A forecast that was made, and how it turned out. */
export interface ForecastScore {
  readonly id: string;
  readonly metric: string;
  readonly target: string;
  readonly device: string | null;
  readonly madeAt: number;
  readonly horizonSeconds: number;
  readonly model: ModelName;
  /** What the backtest promised. */
  readonly expectedMase: number;
  /** `null` while its time is not over, or where nothing was measured. */
  readonly mase: number | null;
  readonly coverage: number | null;
  readonly scoredAt: number | null;
}

/**
 * Forecasts: every model of the pool is scored on a rolling backtest of that very series, and they are combined by it. Each runs in a worker
 * thread of its own that is ended afterwards. Errors: HubError `forecast_history_short` (422: says what is there and what is needed),
 * `forecast_history_old` (422), `metric_unknown` (422), `forecast_input_invalid` (422), `forecast_overloaded` (503, retryable),
 * `forecast_timeout` (504), `forecast_failed` (500).
 */
export interface Forecasts {
  /** Of values that the caller has. Not recorded. */
  forecast(series: Series, options: ForecastOptions): Promise<Forecast>;
  /** Of a measured metric; recorded, and scored later. The same question within a step of the forecast is answered from memory. */
  ofMetric(question: MetricQuestion): Promise<MetricForecast>;
  /** When will it be full? `limit` of the question, or what the metric itself says: 1 for ratios. HubError `forecast_limit_unknown` (422) when neither is known. */
  timeToLimit(question: MetricQuestion): Promise<LimitOutlook>;
  /** The chance, 0 .. 1, that `limit` is reached within `horizonSeconds` (or what of it the history carries). */
  probabilityOfLimit(question: MetricQuestion & { readonly limit: LimitQuestion }): Promise<number>;
  /** The record: newest first. */
  scores(filter: ScoreFilter): Promise<readonly ForecastScore[]>;
}
export const Forecasts = defineService<Forecasts>('forecasts');

// --- Anomalies -------------------------------------------------------------------------------------------------------------------

/** What was unusual in one metric. Values are in its unit (a counter's: per second). */
export interface AnomalousMetric {
  /** `vm.cpuRatio`. */
  readonly metric: string;
  readonly unit: Unit;
  /** Epoch milliseconds: since when it is unusual. */
  readonly since: number;
  readonly value: number;
  /** What the same time of the days and weeks before let expect. */
  readonly expected: number;
  /** 10th and 90th percentile of its past. */
  readonly low: number;
  readonly high: number;
  /** Days of the past that had this time of the day. */
  readonly days: number;
  /** Powers of ten by which it is rarer than what this series usually has. */
  readonly score: number;
  /** A sentence: what, since when, against which past. */
  readonly text: string;
}

export interface Anomaly {
  /** `AN-17`. */
  readonly id: string;
  /** `fleet`: several VMs at once that have something in common; its members have findings of their own. */
  readonly kind: 'vm' | 'host' | 'fleet';
  /** Id of the VM or host; of a fleet what its VMs have in common: `tag:web`, `image:debian-12.qcow2`, `host:h1`. */
  readonly subject: { readonly id: string; readonly name: string; readonly tenant: string | null };
  /** Epoch milliseconds. */
  readonly since: number;
  readonly foundAt: number;
  /** Of its most unusual metric. */
  readonly score: number;
  readonly text: string;
  /** The most unusual first. Of a fleet: which metrics, each with the member that shows it most. */
  readonly metrics: readonly AnomalousMetric[];
  /** Of a fleet: the VMs. */
  readonly members: readonly { readonly id: string; readonly name: string }[];
  /** `dismissed`: a person said that this is none; the like of it is not reported again. */
  readonly state: 'open' | 'dismissed';
}

export interface AnomalyQuery {
  /** Ids of VMs or hosts; absent: all. Authorization is the caller's. */
  readonly targets?: readonly string[];
  /** Only of this tenant; null: of all. */
  readonly tenant: string | null;
  /** Epoch milliseconds of `foundAt`; `to` excluded. */
  readonly from: number;
  readonly to: number;
  readonly states?: readonly Anomaly['state'][];
  /** Default 200, at most 1,000. */
  readonly rowsMax?: number;
}

export interface Anomalies {
  /** The newest first. */
  list(query: AnomalyQuery): Promise<readonly Anomaly[]>;
  /** Called with each new finding, and again when a metric or a member joins it; returns the unsubscriber. */
  subscribe(listener: (anomaly: Anomaly) => void): () => void;
}
export const Anomalies = defineService<Anomalies>('anomalies');

declare module 'novacron/plugin' {
  interface EventTypes {
    'anomaly.found': { readonly anomaly: Anomaly };
  }
}

// --- Workloads -------------------------------------------------------------------------------------------------------------------

export const WORKLOAD_CLASSES = ['idle', 'steady', 'daily', 'weekly', 'bursty', 'growing', 'leaking', 'batch'] as const;
export type WorkloadClass = (typeof WORKLOAD_CLASSES)[number];

/** What kind of work a VM does, by what was measured of it. */
export interface Workload {
  readonly vm: { readonly id: string; readonly name: string };
  readonly class: WorkloadClass;
  /** Classes that apply as well. */
  readonly also: readonly WorkloadClass[];
  /** Sentences with numbers; the first is why it is called what it is called. */
  readonly evidence: readonly string[];
  /** Days of history that were looked at. */
  readonly days: number;
  /** Share of its vCPUs, 0 .. 1. */
  readonly cpuMean: number;
  readonly cpuP95: number;
  /** Mean CPU by hour (UTC): 24 of a weekday, then 24 of a weekend. */
  readonly profile: readonly number[];
  /** What the rhythm of days and weeks tells of its CPU, 0 .. 1. */
  readonly rhythm: number;
}

/** A VM whose days look like those of another. */
export interface LookAlike {
  readonly vm: { readonly id: string; readonly name: string };
  /** Correlation of the profiles, up to 1. */
  readonly likeness: number;
}

/** A VM of the same host whose work goes along with another's waiting. */
export interface NoisyNeighbour {
  readonly vm: { readonly id: string; readonly name: string };
  /** What the other waits for. */
  readonly for: 'cpu' | 'disk';
  /** Correlation of the one's work with the other's waiting over the last day, up to 1. */
  readonly correlation: number;
  readonly text: string;
}

export interface Workloads {
  /**
   * Of those of these VMs that have history enough, in the given order. Ids that are unknown are passed over. Authorization is the caller's.
   */
  classify(vmIds: readonly string[], signal: AbortSignal): Promise<readonly Workload[]>;
  /** The best first; only VMs with a rhythm of their own can look alike. Among the given VMs only. */
  lookAlikes(vmId: string, among: readonly string[], signal: AbortSignal): Promise<readonly LookAlike[]>;
  /** The worst first; empty when it hardly waits, or nobody is to blame. */
  neighbours(vmId: string, signal: AbortSignal): Promise<readonly NoisyNeighbour[]>;
}
export const Workloads = defineService<Workloads>('workloads');
