/** Correlation with itself that counts as a rhythm. */
const CORRELATION_MIN = 0.35;
/** A shorter rhythm is taken only when it is clearly better than the day, so that chance does not replace the clock. */
const DAY_PREFERENCE = 1.15;
const PERIOD_MIN = 3;
const SEASONS_MIN = 3;

/** What moves slower than half a day or the period is not rhythm: the running mean is taken off. */
function withoutLevel(values: Float64Array, width: number): Float64Array {
  const sums = new Float64Array(values.length + 1);
  for (const [i, value] of values.entries()) sums[i + 1] = (sums[i] ?? 0) + value;
  return values.map((value, i) => {
    const [from, to] = [Math.max(0, i - width), Math.min(values.length, i + width + 1)];
    return value - ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
  });
}

function correlation(values: Float64Array, lag: number): number {
  let product = 0;
  let early = 0;
  let late = 0;
  for (let i = lag; i < values.length; i++) {
    const [now, then] = [values[i] ?? 0, values[i - lag] ?? 0];
    product += now * then;
    early += then * then;
    late += now * now;
  }
  return early > 0 && late > 0 ? product / Math.sqrt(early * late) : 0;
}

/**
 * The rhythm in a series, in steps; undefined: none, or none but the day. It is where the series resembles itself most, a peak that at
 * least three seasons of history show.
 */
export function findSeason(filled: Float64Array, stepsPerDay: number): number | undefined {
  const longest = Math.floor(filled.length / SEASONS_MIN);
  if (longest <= PERIOD_MIN) return undefined;
  const flat = withoutLevel(filled, Math.max(stepsPerDay, Math.ceil(longest / 2)));
  const at = Float64Array.from({ length: longest + 2 }, (_, lag) => (lag < PERIOD_MIN - 1 ? 0 : correlation(flat, lag)));
  const peaks = Array.from({ length: longest - PERIOD_MIN + 1 }, (_, i) => i + PERIOD_MIN).filter(
    (lag) => (at[lag] ?? 0) >= CORRELATION_MIN && (at[lag] ?? 0) > (at[lag - 1] ?? 0) && (at[lag] ?? 0) >= (at[lag + 1] ?? 0),
  );
  const highest = Math.max(0, ...peaks.map((lag) => at[lag] ?? 0));
  // Multiples of a rhythm resemble the series as well: the shortest good peak is the rhythm.
  const found = peaks.find((lag) => (at[lag] ?? 0) >= 0.95 * highest);
  const day = at[stepsPerDay] ?? 0;
  if (found === undefined || found === stepsPerDay || (at[found] ?? 0) < DAY_PREFERENCE * day) return undefined;
  return found;
}
