const SEASON = 24;

/** One series a row, the first cell its name, cells at the end empty. */
export function parseM4(text: string): Float64Array[] {
  const [, ...lines] = text.trim().split(/\r?\n/);
  return lines.map((line) => {
    const cells = line
      .split(',')
      .slice(1)
      .map((cell) => cell.replaceAll('"', ''));
    return Float64Array.from(
      cells.filter((cell) => cell !== '' && cell !== 'NA'),
      Number,
    );
  });
}

export function smapeOf(truth: Float64Array, forecast: Float64Array): number {
  let sum = 0;
  for (const [i, value] of truth.entries()) {
    const size = Math.abs(value) + Math.abs(forecast[i] ?? 0);
    sum += size === 0 ? 0 : Math.abs(value - (forecast[i] ?? 0)) / size;
  }
  return (200 * sum) / truth.length;
}

export function maseOf(truth: Float64Array, forecast: Float64Array, history: Float64Array): number {
  let change = 0;
  for (let i = SEASON; i < history.length; i++) change += Math.abs((history[i] ?? 0) - (history[i - SEASON] ?? 0));
  let error = 0;
  for (const [i, value] of truth.entries()) error += Math.abs(value - (forecast[i] ?? 0));
  return error / truth.length / (change / (history.length - SEASON));
}

/** Seasonal by the test of the competition: is the autocorrelation at a day beyond chance (90 %)? */
function isSeasonal(values: Float64Array): boolean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const at = (lag: number): number => {
    let sum = 0;
    for (let i = lag; i < values.length; i++) sum += ((values[i] ?? 0) - mean) * ((values[i - lag] ?? 0) - mean);
    return sum / variance;
  };
  const squares = Array.from({ length: SEASON - 1 }, (_, i) => at(i + 1) ** 2).reduce((sum, square) => sum + square, 0);
  return Math.abs(at(SEASON)) > 1.645 * Math.sqrt((1 + 2 * squares) / values.length);
}

/** Multiplicative seasonal factors of classical decomposition: the mean ratio of each hour to the centered mean of a day, their mean 1. */
function factorsOf(values: Float64Array): Float64Array {
  const half = SEASON / 2;
  const sums = new Float64Array(SEASON);
  const counts = new Float64Array(SEASON);
  for (let i = half; i + half < values.length; i++) {
    let level = ((values[i - half] ?? 0) + (values[i + half] ?? 0)) / 2;
    for (let j = i - half + 1; j < i + half; j++) level += values[j] ?? 0;
    if (level <= 0) continue;
    sums[i % SEASON] = (sums[i % SEASON] ?? 0) + ((values[i] ?? 0) * SEASON) / level;
    counts[i % SEASON] = (counts[i % SEASON] ?? 0) + 1;
  }
  const raw = sums.map((sum, i) => sum / Math.max(1, counts[i] ?? 1));
  const mean = raw.reduce((sum, factor) => sum + factor, 0) / SEASON;
  return raw.map((factor) => factor / mean);
}

/** The last value, seasonally adjusted where the series is seasonal: what OWA is relative to. */
export function naive2(history: Float64Array, horizon: number): Float64Array {
  const factors = isSeasonal(history) ? factorsOf(history) : new Float64Array(SEASON).fill(1);
  const last = (history.at(-1) ?? 0) / (factors[(history.length - 1) % SEASON] || 1);
  return Float64Array.from({ length: horizon }, (_, step) => last * (factors[(history.length + step) % SEASON] ?? 1));
}
