import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Actions } from './actions/actions.ts';
import { Confirmations } from './actions/confirmations.ts';
import { Registry } from './actions/registry.ts';
import { Resources } from './actions/resources.ts';
import { createAudit, type Audit } from './audit/audit.ts';
import { createBuiltin } from './builtin/index.ts';
import * as contract from './contract.ts';
import type { Clock, Events, HubCheck, HubInfo, Log, MachineFacts, Metrics } from './contract.ts';
import { createDuties } from './duties/duties.ts';
import { createCounters } from './hub-counters.ts';
import { createEvents } from './events/events.ts';
import {
  alertsOf,
  checkHealth,
  endpointsOf,
  hubId,
  pagesOf,
  panelsOf,
  pluginDatabase,
  reportHealth,
  reportPlugin,
  startMetrics,
} from './hub-parts.ts';
import { createHttp } from './http/server.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { Jobs, type JobsOptions } from './jobs/jobs.ts';
import { PRESENCE } from './jobs/take-over.ts';
import { PluginHost, type PluginStatus } from './plugins/host.ts';
import type { HubConfig } from './plugins/hub-config.ts';
import type { LoadedPlugin } from './plugins/load.ts';
import { createPolicy } from './policy/policy.ts';
import { openState, type State } from './state/state.ts';
import { VERSION } from './version.ts';

export interface HubOptions {
  readonly dataDir: string;
  readonly config: HubConfig;
  readonly plugins: readonly LoadedPlugin[];
  readonly log: (name: string) => Log;
  /** Default: not probed, images in `<dataDir>/images`. */
  readonly machine?: MachineFacts;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly onStep?: NonNullable<JobsOptions['onStep']>;
}

export type Announcement = Parameters<HubInfo['announce']>[0];

/** A hub that runs: what surfaces and tests reach. */
export interface RunningHub {
  readonly url: string;
  readonly actions: Actions;
  readonly jobs: Jobs;
  readonly events: Events;
  readonly metrics: Metrics;
  readonly resources: Resources;
  readonly identity: Identity;
  readonly audit: Audit;
  readonly state: State;
  plugins(): ReadonlyMap<string, PluginStatus>;
  announcements(): readonly Announcement[];
  health(): Promise<readonly HubCheck[]>;
}

export interface Hub extends AsyncDisposable {
  start(): Promise<RunningHub>;
  /** Stops all that start() started, in reverse; jobs that run go on at the next start. */
  stop(): Promise<void>;
}

/** The composition root: the one place that knows all parts of the core. */
export function createHub(options: HubOptions): Hub {
  const stack = new AsyncDisposableStack();
  return {
    start: () => startHub(options, stack),
    stop: () => stack.disposeAsync(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const systemClock: Clock = { now: () => Date.now() };

async function startHub(options: HubOptions, stack: AsyncDisposableStack): Promise<RunningHub> {
  mkdirSync(options.dataDir, { recursive: true });
  const about = aboutHub(options);
  // PostgreSQL and DuckDB take longest to open, and neither needs the other.
  const [ground, metrics] = await together(
    openGround(options, { stack, about }),
    startMetrics({ clock: systemClock, ...options }, { stack, announce: about.info.announce }),
  );
  const door = openDoor(options, ground);
  const host = createHost(options, { ...ground, ...door, metrics });
  stack.defer(() => host.stop());
  await host.start();
  stack.defer(() => door.jobs.stop());
  const health = () =>
    checkHealth({ state: ground.state, host, metrics, jobs: { open: door.jobs.openCount, max: options.config.jobsMax } });
  about.setHealth(health);
  const [url] = await together(startHttp(options, { ...ground, ...door, metrics, host, health, stack }), door.jobs.launch());
  about.setUrl(options.config.publicUrl ?? url);
  const { events, identity, audit, state } = ground;
  const { actions, jobs, resources } = door;
  const announcements = () => about.announcements;
  return {
    url: about.info.url,
    actions,
    jobs,
    events,
    metrics,
    resources,
    identity,
    audit,
    state,
    plugins: () => host.status(),
    announcements,
    health,
  };
}

/** Both, at the same time; when one fails, only after the other has ended, so that what it opened is closed as well. */
async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

function aboutHub({ dataDir, config, machine }: HubOptions) {
  const announcements: Announcement[] = [];
  let url = config.publicUrl ?? '';
  let health: HubInfo['health'] = async () => [];
  const info: HubInfo = {
    id: hubId(dataDir),
    health: () => health(),
    version: VERSION,
    dataDir,
    machine: machine ?? { accelerator: null, imagesDir: join(dataDir, 'images') },
    announce: (line) => void announcements.push(line),
    get url() {
      return url;
    },
  };
  return { info, announcements, setUrl: (to: string) => void (url = to), setHealth: (ask: HubInfo['health']) => void (health = ask) };
}
type About = ReturnType<typeof aboutHub>;

/** The ground floor: what needs nothing but the data folder. */
async function openGround(
  { dataDir, config, clock = systemClock, log }: HubOptions,
  { stack, about }: { stack: AsyncDisposableStack; about: About },
) {
  const abort = new AbortController();
  stack.defer(() => abort.abort());
  const databaseUrl = config.databaseUrl ?? process.env['DATABASE_URL'];
  const state = stack.use(await openState({ dataDir, databaseUrl, log: log('state'), signal: abort.signal }));
  const audit = await createAudit({ state, clock, log: log('audit'), dataDir });
  stack.defer(() => audit.close());
  const events = await createEvents({ state, clock, log: log('events') });
  stack.defer(() => events.close());
  const duties = createDuties({ state, hub: about.info.id, clock: systemClock, log: log('duties'), leaseMs: config.dutySeconds * 1_000 });
  stack.defer(() => duties.close());
  const policy = createPolicy(config.policies === undefined ? {} : { extraPolicies: readFileSync(config.policies, 'utf8') });
  const identity = await createIdentity({ state, clock, log: log('identity'), dataDir, audit });
  stack.defer(() => identity.close());
  return { clock, info: about.info, state, audit, events, duties, policy, identity };
}
type Ground = Awaited<ReturnType<typeof openGround>>;

/** The door and the jobs behind it; the registry learns of the plugins later. */
function openDoor(options: HubOptions, { state, clock, audit, duties, events, policy, info }: Ground) {
  const { config, log, onStep } = options;
  const registry = new Registry();
  const db = state.db;
  const jobs = new Jobs({
    db,
    databaseUrl: state.url,
    executor: info.id,
    openMax: config.jobsMax,
    keepMs: config.jobsKeepDays * 86_400_000,
    actions: registry,
    policy,
    audit,
    events,
    clock,
    duties: duties.of(PRESENCE),
    log: log('jobs'),
    ...(onStep && { onStep }),
  });
  const confirmations = new Confirmations({ db, clock, lifeMs: config.confirmationSeconds * 1_000 });
  const counters = createCounters(() => jobs.openCount);
  const { called } = counters;
  const actions = new Actions({ called, registry, policy, confirmations, rules: config.confirmations, jobs, audit, log: log('door') });
  return { registry, jobs, actions, counters, resources: new Resources(registry, policy) };
}

function createHost(options: HubOptions, parts: Parts): PluginHost {
  const { config, log, dataDir } = options;
  const { registry, actions, jobs, events, metrics, resources, identity, audit, info, state, duties, clock } = parts;
  const builtin = createBuiltin({ jobs, identity, audit, clock, tenants: config.tenants, plugins: () => host.status() });
  const host = new PluginHost({
    plugins: [{ is: 'loaded', plugin: builtin, config: {} }, ...options.plugins],
    core: {
      [contract.Actions.id]: actions,
      [contract.Jobs.id]: jobs,
      [contract.Events.id]: events,
      [contract.Metrics.id]: metrics,
      [contract.Users.id]: identity.users,
      [contract.Resources.id]: resources,
      [contract.Hub.id]: info,
      [contract.Alerts.id]: { declared: () => alertsOf(host) } satisfies contract.Alerts,
    },
    coreFor: {
      [contract.Database.id]: (plugin) => pluginDatabase(state, plugin),
      [contract.Duties.id]: (plugin) => duties.of(plugin),
    },
    clock,
    log,
    dataDir,
    startTimeoutMs: config.pluginStartSeconds * 1_000,
    prepare: (plugin) => state.migratePlugin(plugin.name, plugin.migrations ?? {}),
    onChange: (plugin, status) => reportPlugin({ plugin, status, log: log('plugins'), events }),
  });
  registry.open(host);
  return host;
}

type Parts = Ground & ReturnType<typeof openDoor> & { readonly metrics: Metrics };

interface HttpParts extends Parts {
  readonly host: PluginHost;
  readonly health: RunningHub['health'];
  readonly stack: AsyncDisposableStack;
}

async function startHttp({ config, log }: HubOptions, parts: HttpParts): Promise<string> {
  const { clock, actions, jobs, events, metrics, resources, identity, audit, policy, registry, counters, host, health, stack } = parts;
  const http = await createHttp({
    config,
    log: log('http'),
    clock,
    version: VERSION,
    actions,
    jobs,
    events,
    metrics,
    resources,
    identity,
    audit: {
      exportTo: (write) => audit.exportTo(write),
      verify: () => audit.verify(),
      mayRead: (actor) => policy.authorize({ actor, action: { id: 'audit.list', risk: 'read' }, resource: { kind: 'hub' } }).allowed,
    },
    declared: () => registry.all(),
    panels: () => panelsOf(host),
    endpoints: endpointsOf(host),
    pages: pagesOf(host),
    health: async () => reportHealth(await health()),
    registry: counters.registry,
  });
  stack.defer(() => http.close());
  return http.url;
}
