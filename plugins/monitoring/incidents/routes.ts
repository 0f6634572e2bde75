import { matches, type Labels, type Matcher } from './matchers.ts';

/** A node of the tree. The first child that fits takes a signal, and with `continues` the next ones may have it as well; when no child fits, the node itself has it. */
export interface Route {
  /** `root`, `root/0`, or the name that the config gives. */
  readonly name: string;
  readonly match: readonly Matcher[];
  readonly receiver: string;
  readonly escalation: string | null;
  readonly continues: boolean;
  readonly groupWaitMs: number;
  /** Between reminders while nobody has acknowledged; `null`: none. */
  readonly repeatMs: number | null;
  readonly routes: readonly Route[];
}

export interface Verdict {
  readonly route: Route;
  readonly fits: boolean;
  /** The matcher that did not fit. */
  readonly failed: Matcher | null;
  /** Fits, and no child had it. */
  readonly takes: boolean;
}

function walk(route: Route, labels: Labels, verdicts: Verdict[]): boolean {
  const failed = route.match.find((matcher) => !matches(matcher, labels)) ?? null;
  if (failed) {
    verdicts.push({ route, fits: false, failed, takes: false });
    return false;
  }
  const place = verdicts.length;
  let isTaken = false;
  for (const child of route.routes) {
    if (!walk(child, labels, verdicts)) continue;
    isTaken = true;
    if (!child.continues) break;
  }
  verdicts.splice(place, 0, { route, fits: true, failed: null, takes: !isTaken });
  return true;
}

/** Every route that was looked at, parents first, and what came of it. */
export function judgeRoutes(root: Route, labels: Labels): readonly Verdict[] {
  const verdicts: Verdict[] = [];
  walk(root, labels, verdicts);
  return verdicts;
}

/** The routes that have a signal with these labels; the root has what nobody else wants. */
export const routesFor = (root: Route, labels: Labels): readonly Route[] =>
  judgeRoutes(root, labels).flatMap(({ route, takes }) => (takes ? [route] : []));

export function findRoute(root: Route, name: string): Route | undefined {
  if (root.name === name) return root;
  for (const child of root.routes) {
    const found = findRoute(child, name);
    if (found) return found;
  }
  return undefined;
}
