import type { FrameField } from 'novacron/plugin';
import type { Series } from './chart.tsx';

/** The long frame of a metrics query as columns over time; one series for each device, or one for the thing itself. */
export function toSeries(fields: readonly FrameField[], name: string): Series {
  const column = (wanted: string): FrameField['values'] => fields.find((field) => field.name === wanted)?.values ?? [];
  const [times, devices, values] = [column('time'), column('device'), column('value')];
  const instants = [...new Set(times.map(Number))].toSorted((a, b) => a - b);
  const indexOf = new Map(instants.map((at, index) => [at, index]));
  const columns = new Map<string, (number | null)[]>();
  for (const [row, time] of times.entries()) {
    const device = devices[row];
    const key = typeof device === 'string' ? device : name;
    const figures = columns.get(key) ?? Array.from<number | null>({ length: instants.length }).fill(null);
    const value = values[row];
    figures[indexOf.get(Number(time)) ?? 0] = typeof value === 'number' ? value : null;
    columns.set(key, figures);
  }
  const names = columns.size > 0 ? [...columns.keys()] : [name];
  return { names, at: instants.map((at) => at / 1000), columns: names.map((key) => columns.get(key) ?? []) };
}

/** The values of each entity of a long frame, oldest first. */
export function toHistory(fields: readonly FrameField[]): ReadonlyMap<string, readonly number[]> {
  const column = (wanted: string): FrameField['values'] => fields.find((field) => field.name === wanted)?.values ?? [];
  const [entities, values, times] = [column('entity'), column('value'), column('time')];
  const rows = times.map((at, row) => ({ at: Number(at), entity: String(entities[row]), value: values[row] }));
  const history = new Map<string, number[]>();
  for (const { entity, value } of rows.toSorted((a, b) => a.at - b.at))
    if (typeof value === 'number') history.set(entity, [...(history.get(entity) ?? []), value]);
  return history;
}
