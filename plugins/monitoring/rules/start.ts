import { join } from 'node:path';
import { HubError, type Database, type Duty, type Resolved, type StartContext } from 'novacron/plugin';
import type { Config, Needs } from '../config.ts';
import type { RuleKind, Rules, Signal } from '../port.ts';
import { createBook, type RuleBook } from './book.ts';
import { createKeptRules } from './kept-rules.ts';
import { createEngine, type Engine } from './engine.ts';
import { RuleStore } from './rule-store.ts';
import { createRuleFiles, type RuleFiles } from './rules-file.ts';
import { StateStore } from './state-store.ts';
import { createThings, type Things } from './things.ts';

/** What the actions about rules work on. */
export interface RulesRuntime {
  readonly book: RuleBook;
  readonly engine: Engine;
  readonly files: RuleFiles;
  readonly store: RuleStore;
  readonly things: Things;
  readonly kinds: ReadonlyMap<string, RuleKind>;
}

/** Whoever judges the rules also says that somebody does. */
export const RULES_DUTY = 'rules';

const runtimes = new WeakMap<Database, RulesRuntime>();

/** The runtime of the hub that calls. */
export function rulesOf({ services }: { readonly services: Pick<Resolved<Needs>, 'database'> }): RulesRuntime {
  const runtime = runtimes.get(services.database);
  if (runtime) return runtime;
  throw new HubError('plugin_unavailable', 'The monitoring plugin has not started yet. Try again in a moment.', {
    status: 503,
    retryable: true,
  });
}

function offerTo(kinds: Map<string, RuleKind>): Rules {
  return {
    offer(kind) {
      if (kinds.has(kind.kind)) throw new HubError('alert_kind_taken', `Another plugin offers rules of the kind "${kind.kind}" already.`);
      kinds.set(kind.kind, kind);
      return () => {
        if (kinds.get(kind.kind) === kind) kinds.delete(kind.kind);
      };
    },
  };
}

/** Judges the rules when that is this hub's duty; `raise` gets what fires and what resolves, `beat` is called at every look. */
export async function startRules(
  { config, services, log, clock, dataDir, signal, defer }: StartContext<Config, Needs>,
  { raise, beat }: { readonly raise: (signals: readonly Signal[], fence: Duty['fence']) => Promise<void>; readonly beat: () => void },
): Promise<Rules> {
  const { database, duties, hypervisor, resources, metrics, alerts } = services;
  const kinds = new Map<string, RuleKind>();
  const store = new RuleStore(database);
  const files = createRuleFiles(config.rules.file ?? null, { log, kept: createKeptRules(join(dataDir, 'rules'), log) });
  const things = createThings({ hypervisor, resources, startedAt: clock.now() });
  const book = createBook({
    declared: () => alerts.declared(),
    metrics: () => metrics.declared(),
    stored: () => store.read(),
    files: () => files.rules(),
  });
  const refresh = async (): Promise<void> => {
    beat();
    await files.refresh();
    await book.refresh();
  };
  const engine = createEngine({
    metrics,
    store: new StateStore(database),
    things,
    rules: () => book.ready(),
    beforeLook: refresh,
    kinds,
    raise,
    clock,
    log,
    everyMs: config.rules.everySeconds * 1000,
    activeMax: config.rules.activeMax,
  });
  await refresh();
  await engine.load();
  const stop = new AbortController();
  const stopping = AbortSignal.any([signal, stop.signal]);
  const running = Promise.all([duties.keep(RULES_DUTY, (duty) => engine.run(duty), stopping), engine.follow(stopping)]);
  defer(async () => {
    stop.abort();
    await running;
  });
  runtimes.set(database, { book, engine, files, store, things, kinds });
  return offerTo(kinds);
}
