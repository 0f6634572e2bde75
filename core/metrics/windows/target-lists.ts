import type { WindowMatrix } from '../../contract/metrics.ts';

/**
 * Long lists of names are asked about again and again, the very same arrays: each is moved to the store's thread once and called by its place from then on. Queries
 * must be sent in the order in which they were saved. Names are sent in the order of sealed files, each once.
 */
export type SentTargets = readonly string[] | null | { readonly place: number; readonly names?: readonly string[] };

/** An answer about a long list needs no names where each has a series: `entities` is null then. */
export type SentMatrix = Omit<WindowMatrix, 'entities'> & { readonly entities: readonly string[] | null };

export interface SavedTargets {
  readonly sent: SentTargets;
  /** As they were sent. */
  readonly names: readonly string[] | null;
}

const LENGTH_MIN = 64;
const PLACES = 16;

/** As sealed files are sorted: by the bytes of the names. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A name that is asked for twice is answered once. */
const inOrder = (targets: readonly string[]): readonly string[] => [...new Set(targets)].toSorted(byBytes);

interface Place {
  readonly targets: readonly string[];
  readonly names: readonly string[];
}

export function createTargetSaver(): (targets: readonly string[] | null) => SavedTargets {
  const places: (Place | undefined)[] = Array.from({ length: PLACES });
  let next = 0;
  return (targets) => {
    if (targets === null) return { sent: null, names: null };
    const known = places.findIndex((place) => place?.targets === targets);
    if (known >= 0) return { sent: { place: known }, names: places[known]!.names };
    const names = inOrder(targets);
    if (names.length < LENGTH_MIN) return { sent: names, names };
    const place = next;
    next = (next + 1) % PLACES;
    places[place] = { targets, names };
    return { sent: { place, names }, names };
  };
}

/** The other end of `createTargetSaver`: the very same list for the same place. */
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

/** Leaves out the names where they are those that were asked for. */
export function withoutNames(matrix: WindowMatrix, targets: readonly string[] | null): SentMatrix {
  const { entities } = matrix;
  const isWhole =
    targets?.length === entities.length && targets.length >= LENGTH_MIN && targets.every((name, row) => name === entities[row]);
  return isWhole ? { ...matrix, entities: null } : matrix;
}
