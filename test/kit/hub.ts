import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor, Clock, Job, Json, Outcome, Plugin, Role } from '../../core/contract.ts';
import { hasEnded } from '../../core/contract.ts';
import { createHub, type HubOptions, type RunningHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';
import { HubConfig } from '../../core/plugins/hub-config.ts';
import { withConfig } from '../../core/plugins/load.ts';
import { testDatabase } from './postgres.ts';

type Given = Plugin | { readonly plugin: Plugin; readonly config: unknown };

export interface TestHubOptions extends Partial<Pick<HubOptions, 'onStep' | 'machine'>> {
  readonly plugins?: readonly Given[];
  /** The `hub` part of plugins.json; the port is a free one. */
  readonly config?: Partial<HubConfig>;
  readonly clock?: Clock;
  /** To start a second hub on what a first one left; default: a fresh folder and database, removed at the end. */
  readonly dataDir?: string;
  readonly databaseUrl?: string;
}

export interface TestHub extends RunningHub, AsyncDisposable {
  readonly dataDir: string;
  readonly databaseUrl: string;
  /** A person of this role; in tenant `default` unless said. */
  as(role: Role, tenant?: string): Actor;
  /** Executes, answers the confirmation if one is asked for, waits for the job; returns its output or throws its failure as `code: message`. */
  run(id: string, input: unknown, actor?: Actor): Promise<Json>;
  /** Waits for the job's end. */
  end(outcome: Outcome): Promise<Job>;
}

const ROLES: readonly Role[] = ['viewer', 'operator', 'tenant-admin', 'admin'];
const LOG_LEVEL = (process.env['NOVACRON_TEST_LOG'] ?? 'silent') as 'silent' | 'debug';

/** A whole hub, real in every part, on a free port with its own data folder and database. */
export async function startTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const stack = new AsyncDisposableStack();
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'novacron-test-')));
  if (options.dataDir === undefined) stack.defer(() => rm(dataDir, { recursive: true, force: true }));
  const databaseUrl = options.databaseUrl ?? stack.use(await testDatabase()).url;
  const tenants = options.config?.tenants ?? ['default', 'other'];
  const plugins = await Promise.all((options.plugins ?? []).map((given) => withConfig(...configOf(given))));
  const hub = createHub({
    dataDir,
    config: HubConfig.parse({ port: 0, ...options.config, tenants, databaseUrl }),
    plugins,
    log: createLog({ level: LOG_LEVEL }),
    ...(options.clock && { clock: options.clock }),
    ...(options.onStep && { onStep: options.onStep }),
    ...(options.machine && { machine: options.machine }),
  });
  stack.defer(() => hub.stop());
  try {
    const running = await hub.start();
    const actors = new Map<string, Actor>();
    for (const tenant of tenants)
      for (const role of ROLES)
        actors.set(
          `${role}@${tenant}`,
          await running.identity.users.ensure({ name: `${role}.${tenant}`, displayName: role, role, tenant }),
        );
    return describe({ running, actors, dataDir, databaseUrl, stack });
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const configOf = (given: Given): Parameters<typeof withConfig> =>
  'plugin' in given ? [given.plugin, { file: 'test', raw: given.config }] : [given, { file: 'test', raw: {} }];

interface Parts {
  readonly running: RunningHub;
  readonly actors: ReadonlyMap<string, Actor>;
  readonly dataDir: string;
  readonly databaseUrl: string;
  readonly stack: AsyncDisposableStack;
}

function describe({ running, actors, dataDir, databaseUrl, stack }: Parts): TestHub {
  const as = (role: Role, tenant = 'default'): Actor => {
    const actor = actors.get(`${role}@${tenant}`);
    if (actor === undefined) throw new Error(`This test hub has no tenant '${tenant}'.`);
    return actor;
  };
  const end = (outcome: Outcome): Promise<Job> => {
    if (outcome.is !== 'accepted') throw new Error(`Expected a job, got '${outcome.is}'.`);
    return hasEnded(outcome.job) ? Promise.resolve(outcome.job) : running.jobs.wait(outcome.job.id, AbortSignal.timeout(60_000));
  };
  const run = async (id: string, input: unknown, actor = as('admin')): Promise<Json> => {
    let outcome = await running.actions.execute(id, input, { actor, via: 'http' });
    if (outcome.is === 'confirm') outcome = await running.actions.confirm(outcome.confirmation.token, { actor, via: 'http' });
    if (outcome.is === 'done') return outcome.output;
    const { state } = await end(outcome);
    if (state.is === 'succeeded') return state.output;
    throw new Error('failure' in state ? `${state.failure.code}: ${state.failure.message}` : state.is);
  };
  return { ...running, dataDir, databaseUrl, as, end, run, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}
