import { z } from 'zod';
import { channelsConfig } from '../channels/config.ts';
import { parseMatcher, readMatcher } from './matchers.ts';
import type { Policy, Step, Target } from './policy.ts';
import { isTimeZone, type Rotation } from './rotations.ts';
import type { Route } from './routes.ts';

const name = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,62}$/i, 'must be letters, digits, dots and dashes');
const seconds = (max: number) => z.int().min(0).max(max);
const DAY = 86_400;

const wayConfig = z.strictObject({
  channel: name.meta({ description: 'slack, email, webhook or alertmanager' }),
  to: z.string().min(1).max(320).meta({ description: '#ops, a mail address, or the name of a webhook; of slack also "default"' }),
});
const targetConfig = z.union([wayConfig, z.strictObject({ person: name }), z.strictObject({ rotation: name })], {
  error: 'must be { "channel", "to" }, { "person" } or { "rotation" }',
});
const matchConfig = z
  .array(z.string().refine((text) => readMatcher(text) !== undefined, 'must read like severity=critical, name=web-* or kind!=host'))
  .max(20)
  .default([]);

interface RouteInput {
  readonly name?: string | undefined;
  readonly match: string[];
  readonly receiver?: string | undefined;
  readonly escalation?: string | undefined;
  readonly continue: boolean;
  readonly groupWaitSeconds?: number | undefined;
  readonly repeatSeconds?: number | undefined;
  readonly routes: RouteInput[];
}

const routeConfig: z.ZodType<RouteInput> = z.strictObject({
  name: name.optional(),
  match: matchConfig,
  receiver: name.optional().meta({ description: 'Who is told first; default: as the route above' }),
  escalation: name.optional().meta({ description: 'What follows while nobody acknowledges; default: as the route above' }),
  continue: z.boolean().default(false).meta({ description: 'The routes after this one may have it too' }),
  groupWaitSeconds: seconds(3600).optional().meta({ description: 'What comes so soon after the first is told with it' }),
  repeatSeconds: seconds(30 * DAY)
    .refine((value) => value === 0 || value >= 60, 'must be 0 (no reminders) or at least 60')
    .optional(),
  get routes() {
    return z.array(routeConfig).max(100).default([]);
  },
});

const rotationConfig = z.strictObject({
  timeZone: z.string().default('UTC').refine(isTimeZone, 'must be a time zone such as Europe/Berlin'),
  startsOn: z.iso.date().meta({ description: 'First day of the first person' }),
  handoverAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 09:00')
    .default('09:00'),
  everyDays: z.int().min(1).max(366).default(7),
  people: z.array(name).min(1).max(100),
});

export const incidentsConfig = z
  .strictObject({
    route: routeConfig
      .prefault({ receiver: 'default' })
      .meta({ description: 'The root of the routes: what no route below it wants, it has itself' }),
    receivers: z.record(name, z.array(targetConfig).min(1).max(50)).default({ default: [{ channel: 'slack', to: 'default' }] }),
    escalations: z
      .record(
        name,
        z
          .array(z.strictObject({ afterSeconds: seconds(7 * DAY), tell: z.array(targetConfig).min(1).max(50) }))
          .min(1)
          .max(20),
      )
      .default({}),
    rotations: z.record(name, rotationConfig).default({}),
    people: z.record(name, z.array(wayConfig).min(1).max(10)).default({}).meta({ description: 'How each user is reached' }),
    ...channelsConfig,
    reopenSeconds: seconds(7 * DAY).default(1800),
    joinSeconds: seconds(DAY).default(900),
    flapMax: z.int().min(2).max(50).default(4).meta({ description: 'So many times on within flapWindowSeconds is flapping' }),
    flapWindowSeconds: seconds(7 * DAY).default(3600),
    flapQuietSeconds: seconds(7 * DAY).default(900),
    editEverySeconds: seconds(3600).default(2),
    keepDays: z.int().min(1).max(3660).default(365).meta({ description: 'Resolved incidents are kept so long' }),
  })
  .superRefine((config, ctx) => {
    for (const problem of danglingNames(config)) ctx.addIssue({ code: 'custom', path: problem.path, message: problem.message });
  });
export type IncidentsConfig = z.output<typeof incidentsConfig>;

interface Problem {
  readonly path: (string | number)[];
  readonly message: string;
}

type Shape = Pick<IncidentsConfig, 'route' | 'receivers' | 'escalations' | 'rotations' | 'people'>;

const routeNames = ({ name, routes }: RouteInput): readonly string[] => [
  ...(name === undefined ? [] : [name]),
  ...routes.flatMap(routeNames),
];
const twice = (names: readonly string[]): readonly string[] => [...new Set(names.filter((name, index) => names.indexOf(name) < index))];

/** Names that name nothing: found at the start, not at night. */
function danglingNames(config: Shape): Problem[] {
  const problems: Problem[] = [];
  const known = (names: object) => Object.keys(names).join(', ') || 'none';
  const check = (path: Problem['path'], given: string, { what, names }: { what: string; names: object }): void => {
    if (!Object.hasOwn(names, given)) problems.push({ path, message: `there is no ${what} "${given}" (there are: ${known(names)})` });
  };
  const checkTargets = (path: Problem['path'], targets: readonly z.output<typeof targetConfig>[]): void => {
    for (const [index, target] of targets.entries()) {
      if ('person' in target) check([...path, index], target.person, { what: 'person', names: config.people });
      if ('rotation' in target) check([...path, index], target.rotation, { what: 'rotation', names: config.rotations });
    }
  };
  const checkRoute = (path: Problem['path'], route: RouteInput): void => {
    if (route.receiver !== undefined) check([...path, 'receiver'], route.receiver, { what: 'receiver', names: config.receivers });
    if (route.escalation !== undefined) check([...path, 'escalation'], route.escalation, { what: 'escalation', names: config.escalations });
    for (const [index, child] of route.routes.entries()) checkRoute([...path, 'routes', index], child);
  };
  if (config.route.receiver === undefined) problems.push({ path: ['route', 'receiver'], message: 'the root route must name a receiver' });
  if (config.route.match.length > 0) problems.push({ path: ['route', 'match'], message: 'the root route takes everything' });
  checkRoute(['route'], config.route);
  for (const name of twice(routeNames(config.route))) problems.push({ path: ['route'], message: `two routes are called "${name}"` });
  for (const [key, targets] of Object.entries(config.receivers)) checkTargets(['receivers', key], targets);
  for (const [key, steps] of Object.entries(config.escalations))
    for (const [index, { tell }] of steps.entries()) checkTargets(['escalations', key, index, 'tell'], tell);
  for (const [key, { people }] of Object.entries(config.rotations))
    for (const [index, person] of people.entries())
      check(['rotations', key, 'people', index], person, { what: 'person', names: config.people });
  return problems;
}

const GROUP_WAIT_SECONDS = 5;
const REPEAT_SECONDS = 4 * 3600;

const targetOf = (given: z.output<typeof targetConfig>): Target => {
  if ('person' in given) return { is: 'person', person: given.person };
  if ('rotation' in given) return { is: 'rotation', rotation: given.rotation };
  return { is: 'way', way: given };
};

/** A route with what it inherits from the one above. */
function routeOf(given: RouteInput, path: string, above: Pick<Route, 'receiver' | 'escalation' | 'groupWaitMs' | 'repeatMs'>): Route {
  const repeatMs = given.repeatSeconds === undefined ? above.repeatMs : given.repeatSeconds === 0 ? null : given.repeatSeconds * 1000;
  const own = {
    receiver: given.receiver ?? above.receiver,
    escalation: given.escalation ?? above.escalation,
    groupWaitMs: given.groupWaitSeconds === undefined ? above.groupWaitMs : given.groupWaitSeconds * 1000,
    repeatMs,
  };
  return {
    name: given.name ?? path,
    match: given.match.map(parseMatcher),
    continues: given.continue,
    ...own,
    routes: given.routes.map((child, index) => routeOf(child, `${path}/${index}`, own)),
  };
}

const mapOf = <T, U>(record: Readonly<Record<string, T>>, make: (value: T) => U): ReadonlyMap<string, U> =>
  new Map(Object.entries(record).map(([key, value]) => [key, make(value)]));

/** The config as the desk uses it: inherited values filled in, milliseconds, lookups by name. */
export function policyOf(config: IncidentsConfig): Policy {
  const above = { receiver: '', escalation: null, groupWaitMs: GROUP_WAIT_SECONDS * 1000, repeatMs: REPEAT_SECONDS * 1000 };
  const stepOf = ({ afterSeconds, tell }: { afterSeconds: number; tell: z.output<typeof targetConfig>[] }): Step => ({
    afterMs: afterSeconds * 1000,
    tell: tell.map(targetOf),
  });
  return {
    root: routeOf(config.route, 'root', above),
    receivers: mapOf(config.receivers, (targets) => targets.map(targetOf)),
    escalations: mapOf(config.escalations, (steps) => steps.map(stepOf)),
    rotations: mapOf(config.rotations, (rotation): Rotation => rotation),
    people: mapOf(config.people, (ways) => ways),
    reopenMs: config.reopenSeconds * 1000,
    joinMs: config.joinSeconds * 1000,
    flapMax: config.flapMax,
    flapWindowMs: config.flapWindowSeconds * 1000,
    flapQuietMs: config.flapQuietSeconds * 1000,
    editEveryMs: config.editEverySeconds * 1000,
  };
}
