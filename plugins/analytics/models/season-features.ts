/** What a forecast of a season-wise linear model is made of: values of the same phase on earlier days, and levels. */
export interface SeasonSizes {
  /** Steps of a season, mostly a day. */
  readonly season: number;
  /** Seasons after which a longer rhythm repeats: 7 days. */
  readonly round: number;
  /** What all is seen relative to: the mean of the last round (default), or of the last season only. */
  readonly relativeTo?: 'round' | 'season';
}

/** A history that any origin can be asked of; `sums` holds running sums, so that every mean is one subtraction. */
export interface Track {
  readonly values: Float64Array;
  readonly sums: Float64Array;
}

const ROUNDS = 3;
/** Reach of the smoothed values, in seasons. */
const REACHES = [1 / 8, 1 / 2] as const;
const LEVELS = 10;

export function trackOf(values: Float64Array): Track {
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = (sums[i] as number) + (values[i] as number);
  return { values, sums };
}

/** Mean of [from, to), cut to what lies before `origin`. */
function meanOf({ sums }: Track, from: number, to: number): number {
  const begin = Math.max(0, from);
  const end = Math.max(begin + 1, to);
  return ((sums[end] as number) - (sums[begin] as number)) / (end - begin);
}

export const seasonFeatureCount = ({ round }: SeasonSizes): number => round + ROUNDS + REACHES.length * round + LEVELS;

/** Fewest steps that features can be made of: a round and a season. */
export const seasonHistoryMin = ({ season, round }: SeasonSizes): number => (round + 1) * season;

/** The level that everything is seen relative to. */
export const baseOf = (track: Track, origin: number, { season, round, relativeTo = 'round' }: SeasonSizes): number =>
  meanOf(track, origin - (relativeTo === 'round' ? round : 1) * season, origin);

/** As many seasons back as there are, the phase within a round kept. */
function roundsBack(origin: number, seasons: number, { season, round }: SeasonSizes): number {
  let back = seasons;
  while (back * season > origin && back > round) back -= round;
  return back;
}

/** Writes the features of the step `step` ahead of `origin`, divided by `scale`, to `rows` at `offset`. Looks at nothing from `origin` on. */
export function writeSeasonFeatures(
  track: Track,
  at: { readonly origin: number; readonly step: number; readonly base: number; readonly scale: number },
  out: { readonly rows: Float64Array; offset: number; readonly sizes: SeasonSizes },
): void {
  const { origin, step, base, scale } = at;
  const { rows, sizes } = out;
  const { season, round } = sizes;
  const { values } = track;
  let to = out.offset;
  const put = (value: number): void => {
    const scaled = (value - base) / scale;
    rows[to++] = scaled > FEATURE_MAX ? FEATURE_MAX : scaled < -FEATURE_MAX ? -FEATURE_MAX : scaled;
  };
  const phase = step % season;
  const day = Math.floor(step / season);
  for (let back = 1; back <= round; back++) put(values[origin - back * season + phase] as number);
  for (let rounds = 1; rounds <= ROUNDS; rounds++) {
    const wanted = rounds * round - (day % round);
    put(values[origin - roundsBack(origin, Math.max(1, wanted), sizes) * season + phase] as number);
  }
  for (const reach of REACHES) {
    const wide = Math.max(1, Math.round(season * reach));
    for (let back = 1; back <= round; back++) {
      const middle = origin - back * season + phase;
      put(meanOf(track, middle - wide, Math.min(origin, middle + wide + 1)));
    }
  }
  const quarter = Math.max(1, Math.floor(season / 4));
  put(values[origin - 1] as number);
  put(values[origin - 1 - season] as number);
  put(values[Math.max(0, origin - 1 - round * season)] as number);
  put(meanOf(track, origin - quarter, origin));
  put(meanOf(track, origin - quarter - season, origin - season));
  put(meanOf(track, origin - season, origin));
  put(meanOf(track, origin - 2 * season, origin - season));
  for (let rounds = 1; rounds <= ROUNDS; rounds++) {
    const end = origin - roundsBack(origin - season, rounds * round, sizes) * season;
    put(meanOf(track, end - season, end));
  }
}

/** A burst after a long quiet time must not count for thousands of ordinary rows. */
export const FEATURE_MAX = 8;
