import type { Actor } from 'novacron/plugin';
import { z } from 'zod';
import { linkOf } from '../views.ts';
import type { Runtime } from '../runtime.ts';
import type { Run } from '../store.ts';

const value = z.union([z.string(), z.number(), z.boolean()]);

export const reportName = z.string().min(1).max(61).meta({ title: 'Report', picker: 'report' });

/** `name=value`; on a command line also `--name value`. */
export const parametersField = z
  .array(
    z
      .string()
      .regex(/^[A-Za-z_$][\w$-]*=/u, 'must be name=value')
      .max(500),
  )
  .max(50)
  .default([])
  .meta({ title: 'Parameters', description: 'name=value; report list says which there are', takesFlags: true });

export const picture = z.object({
  title: z.string(),
  alt: z.string(),
  mediaType: z.enum(['image/png', 'image/svg+xml']),
  base64: z.string(),
});

export const runShape = z.object({
  id: z.string(),
  report: z.string(),
  title: z.string(),
  state: z.enum(['running', 'succeeded', 'failed']),
  by: z.string(),
  parameters: z.record(z.string(), value),
  at: z.number().meta({ description: 'What the run calls now; epoch milliseconds' }),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
  headline: z.array(z.object({ label: z.string(), value: z.string(), note: z.string().optional(), tone: z.string().optional() })),
  data: z.object({ from: z.number().nullable(), to: z.number().nullable(), questions: z.int() }).nullable(),
  versions: z.object({ hub: z.string(), node: z.string(), notebook: z.string() }),
  isolation: z.object({ network: z.string(), files: z.string().optional(), resources: z.string(), capabilities: z.string() }).nullable(),
  link: z.string().nullable().meta({ description: 'Opens the report in a browser, for some days' }),
});
export type RunShape = z.output<typeof runShape>;

export function shapeOf(runtime: Runtime, run: Run): RunShape {
  const {
    id,
    report,
    title,
    state,
    userName: by,
    parameters,
    at,
    startedAt,
    endedAt,
    failure,
    headline,
    dataWindow: data,
    versions,
    isolation,
  } = run;
  return {
    id,
    report,
    title,
    state,
    by,
    parameters,
    at,
    startedAt,
    endedAt,
    failure: failure && { code: failure.code, message: failure.message },
    headline: headline.map((figure) => ({ ...figure })),
    data: data && { ...data },
    versions: { ...versions },
    isolation: isolation && { ...isolation },
    link: linkOf(runtime, run),
  };
}

/** Runs of one's tenant; an admin sees all. */
export const tenantOf = (actor: Actor): string | null => (actor.role === 'admin' ? null : actor.tenant);

/** `a=1` becomes `{ a: '1' }`; kebab names of a command line are those of the notebook. */
export const parametersOf = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      const name = word.slice(0, at).replaceAll(/-([a-z0-9])/gu, (_, letter: string) => letter.toUpperCase());
      return [name, word.slice(at + 1)];
    }),
  );

export const instantText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
