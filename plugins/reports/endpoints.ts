import { HubError, type Actor } from 'novacron/plugin';
import { findRun } from './actions/read.ts';
import { tenantOf } from './actions/shapes.ts';
import type { ReportTools } from './config.ts';
import { REPORT_POLICY } from './render/policy.ts';
import { fileOf, type FileKind } from './runs.ts';
import { runtimeOf, type Runtime } from './runtime.ts';
import type { Run } from './store.ts';

const TYPES: Readonly<Record<FileKind, string>> = {
  html: 'text/html; charset=utf-8',
  ipynb: 'application/x-ipynb+json',
  pdf: 'application/pdf',
};

async function respond(runtime: Runtime, run: Run, { kind, signal }: { kind: FileKind; signal: AbortSignal }): Promise<Response> {
  const body = await fileOf(runtime, run, { kind, signal });
  const name = `${run.report}-${new Date(run.at).toISOString().slice(0, 10)}.${kind}`;
  return new Response(new Uint8Array(body), {
    headers: {
      'content-type': TYPES[kind],
      'content-disposition': `${kind === 'ipynb' ? 'attachment' : 'inline'}; filename="${name}"`,
      // Nothing in it may run, whoever wrote the notebook.
      'content-security-policy': `${REPORT_POLICY}; sandbox; frame-ancestors 'self'`,
      'x-frame-options': 'SAMEORIGIN',
      'cache-control': 'private, no-cache',
    },
  });
}

/** What the door says of reading runs holds for their files as well. */
async function runFor(runtime: Runtime, id: string, actor: Actor | null): Promise<Run> {
  if (actor === null) throw new HubError('auth_missing', 'Sign in first.', { status: 401 });
  runtime.services.actions.describe('report.show', actor);
  return findRun(runtime, id, tenantOf(actor));
}

const kinds: readonly FileKind[] = ['html', 'ipynb', 'pdf'];

export const reportEndpoints = ({ endpoint }: ReportTools) => ({
  ...Object.fromEntries(
    kinds.map((kind) => [
      `GET /runs/:id/${kind}`,
      endpoint({
        help: `A run of a report as ${kind}; \`id\` may be the name of the report: its newest run`,
        async handle(ctx) {
          const runtime = runtimeOf(ctx);
          const run = await runFor(runtime, ctx.params['id'] ?? '', ctx.actor);
          return respond(runtime, run, { kind, signal: ctx.signal });
        },
      }),
    ]),
  ),
  'GET /shared/:id': endpoint({
    help: 'A run of a report as HTML (or `&as=pdf`), for whoever has the link that a message carried',
    auth: 'none',
    async handle(ctx, request) {
      const runtime = runtimeOf(ctx);
      const { searchParams } = new URL(request.url);
      const id = ctx.params['id'] ?? '';
      runtime.links.check(id, searchParams, ctx.clock.now());
      const run = await runtime.store.run(id);
      if (run === undefined) throw new HubError('report_run_unknown', 'This run is not kept any more.', { status: 404 });
      return respond(runtime, run, { kind: searchParams.get('as') === 'pdf' ? 'pdf' : 'html', signal: ctx.signal });
    },
  }),
});
