import type { Unit } from 'novacron/plugin';
import type { GrafanaContext } from '../config.ts';
import { askDoor } from '../door.ts';
import { frameAnswer, type FrameAnswer } from './frame-answer.ts';

/** One series of an answer: of a thing, and of a part of it. */
export interface MetricSeries {
  readonly id: string;
  readonly name: string;
  readonly device: string | null;
  readonly unit: Unit | undefined;
  readonly at: number[];
  readonly value: (number | null)[];
}

export interface MetricQuestion {
  readonly metric: string;
  readonly targets: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly stepSeconds?: number | undefined;
  readonly aggregate?: string | undefined;
}

/** The long answer of `metrics.query` as series. */
function toSeries({ fields }: FrameAnswer): MetricSeries[] {
  const column = (name: string) => fields.find((field) => field.name === name);
  const [times, ids, names, devices, values] = ['time', 'entity', 'name', 'device', 'value'].map((name) => column(name)?.values ?? []);
  const unit = column('value')?.unit;
  const series = new Map<string, MetricSeries>();
  for (const [row, at] of times!.entries()) {
    const [id, device] = [String(ids![row]), devices![row]];
    const key = JSON.stringify([id, device ?? null]);
    const one = series.get(key) ?? {
      id,
      name: String(names![row] ?? id),
      device: typeof device === 'string' ? device : null,
      unit,
      at: [],
      value: [],
    };
    series.set(key, one);
    const value = values![row];
    one.at.push(Number(at));
    one.value.push(typeof value === 'number' ? value : null);
  }
  return [...series.values()].toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

export const nameOf = ({ name, device }: Pick<MetricSeries, 'name' | 'device'>): string => (device === null ? name : `${name} ${device}`);

/** Asks `metrics.query` in the caller's name. */
export async function askSeries(ctx: GrafanaContext, question: MetricQuestion): Promise<{ series: MetricSeries[]; truncated: boolean }> {
  const { metric, targets, from, to, stepSeconds, aggregate } = question;
  const input = {
    metric,
    targets,
    from: String(Math.floor(from)),
    to: String(Math.ceil(to)),
    ...(stepSeconds !== undefined && { stepSeconds }),
    ...(aggregate !== undefined && { aggregate }),
  };
  const found = frameAnswer.parse(await askDoor(ctx, 'metrics.query', input));
  return { series: toSeries(found), truncated: found.truncated };
}
