const DAY = 24;
const MONTH = 30 * DAY;
/** 12, 4 and 4 months of 30 days; what the file has beyond is not used. */
export const PARTS = { train: [0, 12 * MONTH], validation: [12 * MONTH, 16 * MONTH], test: [16 * MONTH, 20 * MONTH] } as const;
export type Part = (typeof PARTS)[keyof typeof PARTS];
export const HORIZON = 96;

/** The seven columns, z-scored with mean and deviation of the train part only. */
export function parseEtt(text: string): Float64Array[] {
  const lines = text
    .trim()
    .split(/\r?\n/)
    .slice(1, PARTS.test[1] + 1);
  const rows = lines.map((line) => line.split(',').slice(1).map(Number));
  return Array.from({ length: 7 }, (_, column) => {
    const values = Float64Array.from(rows, (row) => row[column] ?? Number.NaN);
    const train = values.subarray(...PARTS.train);
    const mean = train.reduce((sum, value) => sum + value, 0) / train.length;
    const deviation = Math.sqrt(train.reduce((sum, value) => sum + (value - mean) ** 2, 0) / train.length);
    return values.map((value) => (value - mean) / deviation);
  });
}

/** Where the windows of a part begin to be forecast, stride 1, none dropped. */
export const originsOf = ([from, to]: Part, stride = 1): number[] =>
  Array.from({ length: Math.floor((to - from - HORIZON) / stride) + 1 }, (_, i) => from + i * stride);

export interface Errors {
  readonly mse: number;
  readonly mae: number;
}

/** Over all columns, windows and steps. `lines`: of each column, of each origin. */
export function errorsOf(
  columns: readonly Float64Array[],
  origins: readonly number[],
  lines: readonly (readonly Float64Array[])[],
): Errors {
  let squares = 0;
  let absolutes = 0;
  for (const [column, values] of columns.entries()) {
    for (const [i, origin] of origins.entries()) {
      for (const [step, value] of (lines[column]?.[i] ?? new Float64Array(HORIZON)).entries()) {
        const error = value - (values[origin + step] ?? Number.NaN);
        squares += error ** 2;
        absolutes += Math.abs(error);
      }
    }
  }
  const count = columns.length * origins.length * HORIZON;
  return { mse: squares / count, mae: absolutes / count };
}
