import type { Job } from 'novacron/plugin';
import { z } from 'zod';
import type { GrafanaContext } from '../config.ts';
import { askDoor, offered } from '../door.ts';
import { encodeFrame, type FrameJson } from '../frames.ts';
import type { AnnotationsAsk, Range } from './request.ts';

const JOBS_MAX = 500;
const INCIDENTS_MAX = 200;

/** What stands at a time, or from `time` to `timeEnd`; epoch milliseconds. */
export interface Annotation {
  readonly id: string;
  readonly time: number;
  readonly timeEnd: number | null;
  readonly title: string;
  readonly text: string;
  readonly tags: readonly string[];
}

const incidents = z.object({
  incidents: z.array(
    z.object({
      id: z.string(),
      title: z.string(),
      severity: z.string(),
      state: z.string(),
      openedAt: z.number(),
      resolvedAt: z.number().nullable(),
      subject: z.object({ kind: z.string(), name: z.string() }),
    }),
  ),
});

/** Incidents as `incident.list` shows them to the caller. One that lasts has no end yet. */
async function incidentAnnotations(ctx: GrafanaContext): Promise<Annotation[]> {
  if (offered(ctx, 'incident.list') === undefined) return [];
  const { incidents: found } = incidents.parse(await askDoor(ctx, 'incident.list', { state: 'all', rows: INCIDENTS_MAX }));
  return found.map(({ id, title, severity, state, openedAt, resolvedAt, subject }) => ({
    id,
    time: openedAt,
    timeEnd: resolvedAt ?? ctx.clock.now(),
    title: `${id}: ${title}`,
    text: `${subject.kind} ${subject.name}, ${state}`,
    tags: ['incident', severity, subject.name],
  }));
}

const jobAnnotation = ({ id, title, action, target, actor, state, createdAt, startedAt, endedAt }: Job): Annotation => ({
  id,
  time: startedAt ?? createdAt,
  timeEnd: endedAt,
  title: target === null ? title : `${title}: ${target.name}`,
  text: `${action} by ${actor.name}, ${state.is}`,
  tags: ['job', action, ...(target === null ? [] : [target.name])],
});

/** What happened in the range, as far as the caller may see it; the oldest first. */
export async function findAnnotations(
  ctx: GrafanaContext,
  of: AnnotationsAsk['of'],
  { from, to }: Pick<Range, 'from' | 'to'>,
): Promise<Annotation[]> {
  const found = [
    ...(of.includes('incidents') ? await incidentAnnotations(ctx) : []),
    ...(of.includes('jobs') ? (await ctx.services.jobs.list({ rowsMax: JOBS_MAX }, ctx.actor!)).map(jobAnnotation) : []),
  ];
  return found.filter(({ time, timeEnd }) => time < to && (timeEnd ?? time) >= from).toSorted((a, b) => a.time - b.time);
}

export async function annotationFrames(ctx: GrafanaContext, { refId, of }: AnnotationsAsk, range: Range): Promise<FrameJson[]> {
  const found = await findAnnotations(ctx, of, range);
  const text = (name: 'id' | 'title' | 'text') => ({ name, type: 'string' as const, values: found.map((one) => one[name]) });
  return [
    encodeFrame({ refId, name: refId, meta: { preferredVisualisationType: 'table' } }, [
      { name: 'time', type: 'time', values: found.map(({ time }) => time) },
      { name: 'timeEnd', type: 'time', values: found.map(({ timeEnd }) => timeEnd) },
      text('title'),
      text('text'),
      { name: 'tags', type: 'string', values: found.map(({ tags }) => tags.join(',')) },
      text('id'),
    ]),
  ];
}
