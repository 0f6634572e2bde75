/** How one rule stands with one thing. Nothing is kept of what is well: then there is no state. All instants are epoch milliseconds. */
export interface AlertState {
  readonly is: 'pending' | 'firing';
  /** Since when it is bad. */
  readonly since: number;
  /** Since when a firing one looks good again. */
  readonly clearSince: number | null;
  /** Since when there is nothing to judge by. */
  readonly blindSince: number | null;
}

/** `between`: on the good side of the edge, not yet back at where it resolves. `gone`: the rule does not look at the thing any more. */
export type Verdict = 'bad' | 'between' | 'good' | 'unknown' | 'gone';

export interface Timing {
  readonly forMs: number;
  readonly keepFiringMs: number;
  /** Nothing seen for longer than this: what had to last (for, keep firing) starts again. */
  readonly gapMs: number;
}

/** What follows the gap in which nothing was seen: time that nobody looked at counts for nothing. */
function afterBlindness(state: AlertState, at: number, gapMs: number): AlertState {
  if (state.blindSince === null) return state;
  if (at - state.blindSince <= gapMs) return { ...state, blindSince: null };
  const clearSince = state.clearSince === null ? null : at;
  return { ...state, blindSince: null, clearSince, since: state.is === 'pending' ? at : state.since };
}

function whenBad(state: AlertState | null, at: number, { forMs }: Timing): AlertState {
  if (state?.is === 'firing') return state.clearSince === null ? state : { ...state, clearSince: null };
  const since = state?.since ?? at;
  return { is: at - since >= forMs ? 'firing' : 'pending', since, clearSince: null, blindSince: null };
}

function whenGood(state: AlertState, at: number, { keepFiringMs }: Timing): AlertState | null {
  if (state.is === 'pending') return null;
  const clearSince = state.clearSince ?? at;
  return at - clearSince >= keepFiringMs ? null : { ...state, clearSince };
}

/** The next state after a look at `at`; `null`: all is well. The same object when nothing changed. */
export function nextState(
  state: AlertState | null,
  seen: { readonly verdict: Verdict; readonly at: number },
  timing: Timing,
): AlertState | null {
  const { verdict, at } = seen;
  if (verdict === 'gone') return null;
  if (verdict === 'unknown') return state === null || state.blindSince !== null ? state : { ...state, blindSince: at };
  const awake = state && afterBlindness(state, at, timing.gapMs);
  if (verdict === 'bad' || (verdict === 'between' && awake?.is === 'firing')) return whenBad(awake, at, timing);
  return awake && whenGood(awake, at, timing);
}

/** After a pause of the whole evaluation (the hub was down, the clock jumped ahead): nobody looked since `lastAt`. */
export const blindFrom = (state: AlertState, lastAt: number): AlertState => ({ ...state, blindSince: state.blindSince ?? lastAt });

/** After the clock jumped back: the marks move along, so that the jump neither skips nor doubles what had to last. */
export const shifted = ({ is, since, clearSince, blindSince }: AlertState, byMs: number): AlertState => ({
  is,
  since: since - byMs,
  clearSince: clearSince === null ? null : clearSince - byMs,
  blindSince: blindSince === null ? null : blindSince - byMs,
});
