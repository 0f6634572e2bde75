import { setImmediate as breathe } from 'node:timers/promises';
import { HubError, type AlertRule, type DeclaredAlert, type Metric } from 'novacron/plugin';
import type { FileRule } from './rule-schema.ts';
import type { RuleOff, StoredRule } from './rule-store.ts';
import { readyRule, type ReadyRule } from './source.ts';

/** A rule with where it comes from. */
export interface KnownRule {
  /** `<plugin>.<key>` of a plugin, `<name>` from a file or an admin, `<tenant>:<name>` from people of a tenant. */
  readonly id: string;
  readonly rule: AlertRule;
  readonly from: 'plugin' | 'file' | 'person';
  /** The plugin, the file, or the person. */
  readonly by: string;
  /** Whose it is, and the only tenant whose things it looks at; `null`: of the whole hub. */
  readonly tenant: string | null;
  readonly off: RuleOff | null;
  readonly ready: ReadyRule | null;
  /** Why it cannot be judged as it is. */
  readonly trouble: string | null;
}

export interface BookSources {
  readonly declared: () => readonly DeclaredAlert[];
  readonly metrics: () => ReadonlyMap<string, Metric>;
  /** The same arrays as long as nothing has changed. */
  readonly stored: () => Promise<{ readonly rules: readonly StoredRule[]; readonly offs: readonly RuleOff[] }>;
  readonly files: () => readonly FileRule[];
}

/** All rules of all origins. */
export interface RuleBook {
  /** Reads them anew: at the start, after a change by an action, and at every look. */
  refresh(): Promise<void>;
  all(): readonly KnownRule[];
  get(id: string): KnownRule | undefined;
  /** Rules that do not count because another one has their name already, a sentence each. */
  shadowed(): readonly string[];
  /** Those that can be judged and are not off. A rule that has not changed is the same object as before. */
  ready(): readonly ReadyRule[];
}

const SLICE = 500;

type Plain = Omit<KnownRule, 'off' | 'ready' | 'trouble'>;

const originOf = ({ from, by }: Plain): string => (from === 'file' ? by : `the ${from} ${by}`);
const shadowText = (one: Plain, first: Plain): string =>
  `The rule '${one.id}' of ${originOf(one)} does not count: ${originOf(first)} has one of that name. Give one of them another name.`;

export function createBook(sources: BookSources): RuleBook {
  let known = new Map<string, KnownRule>();
  let ready: readonly ReadyRule[] = [];
  let shadowed: readonly string[] = [];
  let before: { readonly stored: Awaited<ReturnType<BookSources['stored']>>; readonly files: readonly FileRule[] } | null = null;
  let hasTrouble = false;
  const made = new Map<string, { readonly text: string; readonly ready: ReadyRule | null; readonly trouble: string | null }>();

  const declaredRules = (): Plain[] =>
    sources.declared().map(({ id, rule, plugin }) => ({ id, rule, from: 'plugin', by: plugin, tenant: null }));
  const fileRules = (files: readonly FileRule[]): Plain[] =>
    files.map(({ id, rule, file }) => ({ id, rule, from: 'file', by: file, tenant: null }));
  const peopleRules = (stored: readonly StoredRule[]): Plain[] =>
    stored.map(({ id, rule, tenant, createdBy }) => ({ id, rule, from: 'person', by: createdBy, tenant }));

  function prepare(plain: Plain): Pick<KnownRule, 'ready' | 'trouble'> {
    const text = JSON.stringify([plain.rule, plain.tenant]);
    const before = made.get(plain.id);
    // One in trouble is tried again: the metric may be there by now.
    if (before && before.text === text && before.ready !== null) return before;
    const now = { text, ...attempt(plain) };
    made.set(plain.id, now);
    return now;
  }
  function attempt(plain: Plain): Pick<KnownRule, 'ready' | 'trouble'> {
    try {
      return { ready: readyRule(plain, sources.metrics()), trouble: null };
    } catch (error) {
      if (!HubError.is(error)) throw error;
      return { ready: null, trouble: error.message };
    }
  }
  return {
    async refresh() {
      const stored = await sources.stored();
      const files = sources.files();
      const isSame = before?.stored.rules === stored.rules && before.stored.offs === stored.offs && before.files === files;
      if (isSame && !hasTrouble) return;
      // The first of a name counts: what a plugin or a file says is not overruled by what is stored.
      const off = new Map(stored.offs.map((one) => [one.rule, one]));
      const next = new Map<string, KnownRule>();
      const hidden: string[] = [];
      for (const [nth, one] of [...declaredRules(), ...fileRules(files), ...peopleRules(stored.rules)].entries()) {
        const first = next.get(one.id);
        if (first !== undefined) hidden.push(shadowText(one, first));
        else next.set(one.id, { ...one, off: off.get(one.id) ?? null, ...prepare(one) });
        if (nth % SLICE === SLICE - 1) await breathe();
      }
      for (const id of made.keys()) if (!next.has(id)) made.delete(id);
      before = { stored, files };
      known = next;
      shadowed = hidden;
      hasTrouble = [...next.values()].some(({ trouble }) => trouble !== null);
      ready = [...next.values()].flatMap((one) => (one.off === null && one.ready !== null ? [one.ready] : []));
    },
    all: () => [...known.values()],
    get: (id) => known.get(id),
    shadowed: () => shadowed,
    ready: () => ready,
  };
}
