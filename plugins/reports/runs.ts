import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError, type Actor, type Failure, type View, type Via } from 'novacron/plugin';
import { tellEnd } from './failures.ts';
import { createDoor } from './hub-door.ts';
import type { Report } from './library.ts';
import { headlineOf, picturesOf } from './render/outputs.ts';
import { printPdf } from './render/pdf.ts';
import { notebookText } from './runner/notebook.ts';
import { runNotebook, type NotebookRun } from './runner/run-notebook.ts';
import { readIfThere } from './run-files.ts';
import type { Runtime } from './runtime.ts';
import type { DataWindow, Parameters, Run } from './store.ts';
import { viewOf } from './views.ts';

export interface Asked {
  /** Id of the run; the same after a crash. */
  readonly id: string;
  readonly report: Report;
  readonly parameters: Parameters;
  /** What the run calls now: epoch milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  readonly via: Via;
  readonly audience: string | null;
}

export interface RunContext {
  readonly signal: AbortSignal;
  progress(fraction: number, message: string): void;
}

const CALLS_MAX = 2000;
const MEBIBYTE = 2 ** 20;

export const runDir = ({ runsDir }: Runtime, id: string): string => join(runsDir, id);

/** Runs a report and keeps all of it. A report that fails is a kept run as well; it rejects only for what is not the report's fault. */
export async function executeRun(runtime: Runtime, asked: Asked, context: RunContext): Promise<{ readonly run: Run; readonly view: View }> {
  const { store, clock, posts } = runtime;
  const hub = runtime.services.hub.id;
  // A crash after the end, before the job knew of it: it is not made again.
  const known = await store.run(asked.id);
  if (known !== undefined && known.state !== 'running') return { run: known, view: await viewOf(runtime, known) };
  const begun = beginningOf(runtime, asked);
  await store.begin(begun);
  const { result, dataWindow } = await runInside(runtime, asked, context).catch(async (error: unknown) => {
    if (!context.signal.aborted) await store.end({ ...begun, state: 'failed', endedAt: clock.now(), failure: failureOf(error) }, hub);
    posts.wake();
    throw error;
  });
  const run = endOf(begun, result, { dataWindow, endedAt: clock.now() });
  await keepFiles(runtime, run, result);
  await store.end(run, hub);
  posts.wake();
  const view = await viewOf(runtime, run);
  await tellEnd(run, view, { ...runtime.services, log: runtime.log });
  await forgetOld(runtime, run.report);
  return { run, view };
}

const failureOf = (error: unknown): Failure =>
  HubError.is(error)
    ? { code: error.code, message: error.message, retryable: error.retryable }
    : { code: 'report_failed', message: error instanceof Error ? error.message : String(error), retryable: false };

function beginningOf({ services, clock }: Runtime, { id, report, parameters, at, actor, via, audience }: Asked): Run {
  return {
    id,
    report: report.name,
    title: report.title,
    tenant: actor.tenant,
    userId: actor.id,
    userName: actor.name,
    via,
    state: 'running',
    parameters,
    at,
    startedAt: clock.now(),
    endedAt: null,
    failure: null,
    headline: [],
    pictures: [],
    dataWindow: null,
    versions: { hub: services.hub.version, node: process.versions.node, notebook: report.hash },
    isolation: null,
    audience,
  };
}

async function runInside(
  { services, config, projectDir }: Runtime,
  { report, parameters, actor, at }: Asked,
  { signal, progress }: RunContext,
): Promise<{ result: NotebookRun; dataWindow: DataWindow }> {
  const { actions, jobs, charts } = services;
  const door = createDoor({ actions, jobs, actor, signal, callsMax: CALLS_MAX });
  const result = await runNotebook(report.notebook, {
    parameters,
    at,
    limits: {
      timeoutMs: config.timeoutSeconds * 1000,
      memoryBytesMax: config.memoryMebibytes * MEBIBYTE,
      outputBytesMax: config.outputMebibytes * MEBIBYTE,
    },
    cwd: report.folder,
    projectDir,
    signal,
    answer: (request) => door.answer(request),
    rasterize: async (svg) => (await charts.picture({ svg, title: report.title, alt: report.title }, { signal })).base64,
    progress,
  });
  return { result, dataWindow: door.dataWindow };
}

function endOf(begun: Run, result: NotebookRun, { dataWindow, endedAt }: { dataWindow: DataWindow; endedAt: number }): Run {
  const { notebook, failure, isolation, parameters } = result;
  return {
    ...begun,
    state: failure === null ? 'succeeded' : 'failed',
    parameters,
    endedAt,
    failure: failure && { code: failure.code, message: failure.message, retryable: false },
    headline: headlineOf(notebook),
    pictures: picturesOf(notebook).map(({ title, alt }) => ({ title, alt })),
    dataWindow,
    isolation,
  };
}

/** All files, then one rename: a folder of a run is never half there. */
async function keepFiles(runtime: Runtime, run: Run, { notebook }: NotebookRun): Promise<void> {
  // With its fonts, only where a report is made.
  const { reportHtml } = await import('./render/html.ts');
  const folder = runDir(runtime, run.id);
  const fresh = `${folder}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const facts = {
    run: run.id,
    report: run.report,
    at: run.at,
    parameters: run.parameters,
    versions: run.versions,
    dataWindow: run.dataWindow,
  };
  const kept = { ...notebook, metadata: { ...notebook.metadata, novacron: facts } };
  await writeFile(join(fresh, 'report.ipynb'), notebookText(kept));
  await writeFile(join(fresh, 'report.html'), reportHtml(notebook, run));
  for (const [index, { base64 }] of picturesOf(notebook).entries())
    await writeFile(join(fresh, `picture-${index + 1}.png`), Buffer.from(base64, 'base64'));
  await rm(folder, { recursive: true, force: true });
  await rename(fresh, folder);
}

async function forgetOld(runtime: Runtime, report: string): Promise<void> {
  const { store, config, clock } = runtime;
  const gone = await store.forget(clock.now() - config.runsKeepDays * 86_400_000, { report, keepMax: config.runsMax });
  for (const id of gone) await rm(runDir(runtime, id), { recursive: true, force: true });
}

export type FileKind = 'html' | 'ipynb' | 'pdf';

const printing = new Map<string, Promise<void>>();

/** A file of a run. The PDF is printed when it is first asked for. HubError `report_file` when the run has none (any more). */
export async function fileOf(
  runtime: Runtime,
  run: Run,
  { kind, signal }: { readonly kind: FileKind; readonly signal: AbortSignal },
): Promise<Buffer> {
  const folder = runDir(runtime, run.id);
  const file = join(folder, `report.${kind}`);
  const found = await readIfThere(file);
  if (found !== null) return found;
  if (kind === 'pdf' && (await readIfThere(join(folder, 'report.html'))) !== null) {
    const print = printing.get(file) ?? printPdf(join(folder, 'report.html'), file, { chromium: runtime.config.chromium, signal });
    printing.set(file, print);
    await print.finally(() => printing.delete(file));
    return readFile(file);
  }
  throw new HubError('report_file', `The run ${run.id} has no ${kind} file.`, { status: 404 });
}
