import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { definePlugin } from 'novacron/plugin';
import { readActions } from './actions/read.ts';
import { runActions } from './actions/run.ts';
import { scheduleActions } from './actions/schedule.ts';
import { config, needs } from './config.ts';
import { reportEndpoints } from './endpoints.ts';
import { Library } from './library.ts';
import { openLinks } from './links.ts';
import { migrations } from './migrations.ts';
import { Reports } from './port.ts';
import { PostStore } from './post-store.ts';
import { createPosts } from './posts.ts';
import { reportResources } from './resources.ts';
import { setRuntime, type Runtime } from './runtime.ts';
import { keepSchedules } from './schedules.ts';
import { Store } from './store.ts';

const PROJECT = join(import.meta.dirname, '..', '..');

export default definePlugin({ name: 'reports', api: 1, config, needs, provides: { reports: Reports } }, (tools) => ({
  migrations,
  actions: { ...readActions(tools), ...runActions(tools), ...scheduleActions(tools) },
  resources: reportResources(tools),
  endpoints: reportEndpoints(tools),
  async start({ config, services, dataDir, clock, log, signal, defer }) {
    const runsDir = join(dataDir, 'runs');
    await mkdir(runsDir, { recursive: true });
    const folders = [join(PROJECT, 'notebooks'), ...config.folders.map((folder) => resolve(PROJECT, folder))];
    const runtime: Runtime = {
      config,
      services,
      clock,
      log,
      runsDir,
      projectDir: PROJECT,
      library: new Library(folders, log),
      links: await openLinks(dataDir),
      store: new Store(services.database),
      posts: createPosts(() => runtime, new PostStore(services.database)),
    };
    setRuntime(runtime);
    // What is wrong with a notebook is said now, and the parser is there before somebody waits for it.
    await runtime.library.list();
    const stop = new AbortController();
    const stopping = AbortSignal.any([signal, stop.signal]);
    const keeping = Promise.all([
      services.duties.keep('schedules', (duty) => keepSchedules(runtime, duty), stopping),
      runtime.posts.keep(stopping),
    ]);
    defer(async () => {
      stop.abort();
      await keeping;
    });
    return { reports: { offer: (channel) => runtime.posts.offer(channel) } };
  },
}));
