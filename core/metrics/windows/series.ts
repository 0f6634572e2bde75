/** Things in the order of sealed files; `null`: all. */
export type Targets = readonly string[] | null;

/** A series by the names of its thing and, in tables with a part, its device. */
export const seriesOf = (names: readonly string[]): string => names.join('\u0000');
export const namesOf = (series: string): string[] => series.split('\u0000');
