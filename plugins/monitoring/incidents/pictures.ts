import type { Frame, Log, Metrics, Picture } from 'novacron/plugin';
import type { Charts, LineChart } from '../../charts/port.ts';
import type { Signal } from '../port.ts';
import { stepFor, usualAggregate } from '../range.ts';
import { firingIn, incidentId, type IncidentRecord } from './record.ts';

export interface PictureOptions {
  readonly charts: Charts | undefined;
  readonly metrics: Pick<Metrics, 'query' | 'declared'>;
  readonly log: Log;
  readonly everySeconds: number;
  now(): number;
  /** What people call a thing. */
  nameOf(id: string): string;
}

const SERIES_MAX = 8;
const DRAW_MS = 8_000;

interface Line {
  readonly name: string;
  readonly at: number[];
  readonly value: (number | null)[];
}

function linesOf(frame: Frame, { device, nameOf }: { device: string | undefined; nameOf(id: string): string }): readonly Line[] {
  const column = (name: string): readonly unknown[] => frame.fields.find((field) => field.name === name)?.values ?? [];
  const [times, entities, devices, values] = [column('time'), column('entity'), column('device'), column('value')];
  const lines = new Map<string, Line>();
  for (const [index, time] of times.entries()) {
    const part = devices[index];
    if (device !== undefined && part !== device) continue;
    const name = [nameOf(String(entities[index])), ...(typeof part === 'string' ? [part] : [])].join(' ');
    const line = lines.get(name) ?? { name, at: [], value: [] };
    lines.set(name, line);
    const value = values[index];
    line.at.push(Number(time));
    line.value.push(typeof value === 'number' ? value : null);
  }
  return [...lines.values()].slice(0, SERIES_MAX);
}

type Charted = Signal & { readonly chart: NonNullable<Signal['chart']> };
const isCharted = (signal: Signal): signal is Charted => signal.chart !== undefined;

async function chartOf(
  { metrics, everySeconds, now, nameOf }: PictureOptions,
  { record, shown, signal }: { record: IncidentRecord; shown: Charted; signal: AbortSignal },
): Promise<LineChart | null> {
  const { chart, rule, subject } = shown;
  const metric = metrics.declared().get(chart.metric);
  if (!metric || chart.targets.length === 0) return null;
  const range = { from: now() - chart.seconds * 1000, to: now() + 1 };
  const shape = { stepSeconds: stepFor(range, everySeconds), aggregate: usualAggregate(metric) };
  const frame = await metrics.query({ metric: chart.metric, targets: chart.targets, ...range, ...shape }, signal);
  const series = linesOf(frame, { device: chart.device, nameOf });
  if (!series.some(({ value }) => value.some((each) => each !== null))) return null;
  const about = [subject.name, chart.device ?? ''].filter((part) => part !== '').join(' ');
  const unit = metric.kind === 'counter' ? (metric.unit === 'bytes' ? 'bytesPerSecond' : 'countPerSecond') : metric.unit;
  return { title: `${about}: ${rule.title}`, subtitle: `${incidentId(record.number)} · ${chart.metric}`, unit, series, now: now() };
}

/** The picture of an incident: what the first of its signals shows, of those that fire if any does. `null` when there is nothing to see. */
export async function drawIncident(options: PictureOptions, record: IncidentRecord, signal: AbortSignal): Promise<Picture | null> {
  const { charts, log } = options;
  const all = [...firingIn(record), ...record.signals.map((held) => held.signal)];
  const shown = all.find(isCharted);
  if (!charts || !shown) return null;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(DRAW_MS)]);
  try {
    const input = await chartOf(options, { record, shown, signal: limit });
    return input && (await charts.lines(input, { signal: limit }));
  } catch (error) {
    // People are told without it rather than not at all.
    log.warn({ err: error, incident: incidentId(record.number) }, 'The picture of an incident could not be drawn');
    return null;
  }
}
