/**
 * Long lists of names are asked about again and again, the very same arrays: each is moved to the store's thread once and called by its place from then on. Queries
 * must be sent in the order in which they were saved.
 */
export type SentTargets = readonly string[] | null | { readonly place: number; readonly names?: readonly string[] };

const LENGTH_MIN = 64;
const PLACES = 16;

export function createTargetSaver(): (targets: readonly string[] | null) => SentTargets {
  const places: (readonly string[] | undefined)[] = Array.from({ length: PLACES });
  let next = 0;
  return (targets) => {
    if (targets === null || targets.length < LENGTH_MIN) return targets;
    const place = places.indexOf(targets);
    if (place >= 0) return { place };
    const free = next;
    next = (next + 1) % PLACES;
    places[free] = targets;
    return { place: free, names: targets };
  };
}

/** The other end of `createTargetSaver`. */
export function createTargetKeeper(): (sent: SentTargets) => readonly string[] | null {
  const places = new Map<number, readonly string[]>();
  return (sent) => {
    if (sent === null || !('place' in sent)) return sent;
    const names = sent.names ?? places.get(sent.place);
    if (names === undefined) throw new TypeError(`no targets at ${sent.place}`);
    places.set(sent.place, names);
    return names;
  };
}
