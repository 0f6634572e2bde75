import type { DataFrame } from '@grafana/data';

export type Row = Readonly<Record<string, unknown>>;

/** A frame as rows by field names. */
export const rowsOf = (frame: DataFrame | undefined): Row[] =>
  Array.from({ length: frame?.length ?? 0 }, (_, row) => Object.fromEntries(frame!.fields.map(({ name, values }) => [name, values[row]])));

/** The first frame that has all these fields. */
export const frameWith = (frames: readonly DataFrame[], ...names: readonly string[]): DataFrame | undefined =>
  frames.find(({ fields }) => names.every((name) => fields.some((field) => field.name === name)));

export function text(row: Row, name: string): string {
  const value = row[name];
  return typeof value === 'string' ? value : '';
}

export function figure(row: Row, name: string): number {
  const value = row[name];
  return typeof value === 'number' ? value : 0;
}
