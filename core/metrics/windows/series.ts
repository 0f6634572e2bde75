/** Things in the order of sealed files; `null`: all. */
export type Targets = readonly string[] | null;

const BETWEEN = '\u0000';

/** A series by the names of its thing and, in tables with a part, its device. */
export const seriesOf = (names: readonly string[]): string => names.join(BETWEEN);

export function namesOf(series: string): { readonly entity: string; readonly device: string | undefined } {
  const end = series.indexOf(BETWEEN);
  return end < 0 ? { entity: series, device: undefined } : { entity: series.slice(0, end), device: series.slice(end + 1) };
}
