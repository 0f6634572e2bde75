import { labelsOf } from './matchers.ts';
import { resolveTargets, type Addressee, type Target } from './policy.ts';
import { change, firingIn, incidentId, note, type Circumstances, type Draft, type Telling, type Track } from './record.ts';
import { findRoute, routesFor, type Route } from './routes.ts';

/** The routes that have any of its signals, each once. */
function wantedRoutes({ record }: Draft, { policy }: Circumstances): readonly Route[] {
  const routes = firingIn(record).flatMap((signal) => routesFor(policy.root, labelsOf(signal)));
  return [...new Map(routes.map((route) => [route.name, route])).values()];
}

/** A track for each route that has none yet: signals that came later may be for more people. */
export function extendTracks(draft: Draft, at: Circumstances): void {
  const known = new Set(draft.record.tracks.map(({ route }) => route));
  const fresh = wantedRoutes(draft, at).filter(({ name }) => !known.has(name));
  if (fresh.length === 0) return;
  const begun = fresh.map(({ name, groupWaitMs }): Track => ({ route: name, step: 0, nextAt: at.now + groupWaitMs }));
  change(draft, { tracks: [...draft.record.tracks, ...begun] });
}

/** All routes begin anew, now. */
export function beginLap(draft: Draft, why: Draft['record']['lapWhy'], at: Circumstances): void {
  const tracks = wantedRoutes(draft, at).map(({ name }): Track => ({ route: name, step: 0, nextAt: at.now }));
  change(draft, { lap: draft.record.lap + 1, lapWhy: why, tracks });
}

export const stopTracks = (draft: Draft): void =>
  change(draft, { tracks: draft.record.tracks.map((track) => ({ ...track, nextAt: null })) });

interface Telt {
  readonly what: string;
  readonly why: Telling['why'];
  readonly dueAt: number;
}

const tellingFor = (draft: Draft, { channel, to, person }: Addressee, { what, why, dueAt }: Telt): Telling => ({
  id: `${incidentId(draft.record.number)}/${draft.record.lap}/${what}/${channel}/${to}`,
  about: { incident: draft.record.number },
  why,
  channel,
  to,
  person,
  dueAt,
});

/** Tells these people; from now on they see changes and the end. */
export function tell(draft: Draft, addressees: readonly Addressee[], telt: Telt): void {
  const known = new Set(draft.record.audience.map(({ channel, to }) => `${channel} ${to}`));
  draft.tellings.push(...addressees.map((one) => tellingFor(draft, one, telt)));
  const fresh = addressees.filter(({ channel, to }) => !known.has(`${channel} ${to}`)).map(({ channel, to }) => ({ channel, to }));
  if (fresh.length > 0) change(draft, { audience: [...draft.record.audience, ...fresh] });
}

/** Tells all who were told before. */
export const tellAudience = (draft: Draft, telt: Telt): void =>
  tell(
    draft,
    draft.record.audience.map((way) => ({ ...way, person: null })),
    telt,
  );

interface Due {
  readonly why: Telling['why'];
  readonly what: string;
  readonly targets: readonly Target[];
  /** `null`: nothing follows. */
  readonly afterMs: number | null;
}

function dueStep({ record }: Draft, { step, route }: Track, { found, at }: { found: Route; at: Circumstances }): Due {
  const steps = (found.escalation === null ? undefined : at.policy.escalations.get(found.escalation)) ?? [];
  const receivers = at.policy.receivers.get(found.receiver) ?? [];
  const afterMs = steps[step]?.afterMs ?? found.repeatMs;
  // The first telling has no route in its name: who is in two routes is told once.
  if (step === 0) return { why: record.lapWhy, what: record.lapWhy, targets: receivers, afterMs };
  const escalation = steps[step - 1];
  if (escalation) return { why: 'escalated', what: `${route}/${step}`, targets: escalation.tell, afterMs };
  return { why: 'reminder', what: `${route}/${step}`, targets: receivers, afterMs };
}

const namesOf = (addressees: readonly Addressee[]): string =>
  [...new Set(addressees.map(({ person, channel, to }) => person ?? `${channel} ${to}`))].join(', ') || 'nobody';

/** One step of one track. The wait for the next begins now, so a step that was late pushes the next back instead of piling up on it. */
function fire(draft: Draft, track: Track, at: Circumstances): void {
  const found = findRoute(at.policy.root, track.route);
  const due = found && dueStep(draft, track, { found, at });
  const next = { ...track, step: track.step + 1, nextAt: due && due.afterMs !== null ? at.now + due.afterMs : null };
  change(draft, { tracks: draft.record.tracks.map((each) => (each === track ? next : each)) });
  if (!due) return;
  const addressees = resolveTargets(at.policy, due.targets, { at: at.now, overrides: at.overrides });
  tell(draft, addressees, { what: due.what, why: due.why, dueAt: at.now });
  if (due.why === 'escalated' && track.step > 0)
    note(draft, { at: at.now, kind: 'escalated', text: `Nobody has acknowledged it: escalated to ${namesOf(addressees)}.` });
}

/** The config may have changed under an open incident: what a route that is gone had begun, those that have its signals now begin anew; who was told is not told again of the same. */
function leaveLostRoutes(draft: Draft, at: Circumstances): void {
  const { tracks } = draft.record;
  const kept = tracks.filter(({ route }) => findRoute(at.policy.root, route) !== undefined);
  if (kept.length === tracks.length) return;
  change(draft, { tracks: kept });
  extendTracks(draft, at);
}

/** Does every step that is due. */
export function runTracks(draft: Draft, at: Circumstances): void {
  leaveLostRoutes(draft, at);
  for (;;) {
    const due = draft.record.tracks.find(({ nextAt }) => nextAt !== null && nextAt <= at.now);
    if (!due) return;
    fire(draft, due, at);
  }
}

/** Somebody could not be told: the next step of an escalation does not wait. A reminder does, since it would only fail again. */
export function hurryTracks(draft: Draft, at: Circumstances): void {
  const isHurried = ({ route, step, nextAt }: Track): boolean => {
    const escalation = findRoute(at.policy.root, route)?.escalation ?? null;
    const steps = escalation === null ? undefined : at.policy.escalations.get(escalation);
    return nextAt !== null && nextAt > at.now && step > 0 && step <= (steps?.length ?? 0);
  };
  const tracks = draft.record.tracks.map((track) => (isHurried(track) ? { ...track, nextAt: at.now } : track));
  if (tracks.some((track, index) => track !== draft.record.tracks[index])) change(draft, { tracks });
}
