import { HubError } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import type { Policy } from '../incidents/policy.ts';
import { handoverAfter, onCall, type Rotation } from '../incidents/rotations.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { formatInstant, formatUntil } from '../incidents/words.ts';

const MONTH_SECONDS = 2_678_400;

const Turn = z.strictObject({
  rotation: z.string(),
  person: z.string(),
  /** Somebody stands in. */
  isOverride: z.boolean(),
  until: z.number(),
  next: z.string(),
  /** Who stands in later on. */
  coming: z.array(z.strictObject({ person: z.string(), from: z.number(), to: z.number() })),
});

const Override = z.strictObject({ rotation: z.string(), person: z.string(), from: z.number(), to: z.number() });

function rotationOf({ rotations }: Policy, name: string): Rotation {
  const rotation = rotations.get(name);
  if (rotation) return rotation;
  const known = [...rotations.keys()].join(', ') || 'none';
  throw new HubError('rotation_unknown', `There is no rotation '${name}'. The config has: ${known}.`, { status: 404 });
}

const showTurns = ({ action }: MonitoringTools) => ({
  'oncall.show': action({
    title: 'Show who is on call',
    label: 'On call',
    risk: 'read',
    input: z.strictObject({}),
    output: z.array(Turn),
    examples: ['oncall show'],
    async run(ctx) {
      const { policy, store, clock } = incidentsOf(ctx);
      const at = clock.now();
      const overrides = await store.overrides(at);
      return [...policy.rotations].map(([name, rotation]) => {
        const standIn = overrides.findLast((each) => each.rotation === name && each.from <= at && at < each.to);
        const person = onCall(rotation, name, { at, overrides });
        const others = overrides.filter((each) => each.rotation === name && each.from > at && each.person !== person);
        const until = Math.min(standIn ? standIn.to : handoverAfter(rotation, at), ...others.map(({ from }) => from));
        const coming = overrides
          .filter((each) => each.rotation === name && each.from > at)
          .map((each) => ({ person: each.person, from: each.from, to: each.to }));
        const next = onCall(rotation, name, { at: until, overrides });
        return { rotation: name, person, isOverride: standIn !== undefined, until, next, coming };
      });
    },
    show: (turns) => ({
      text:
        turns.length === 0
          ? 'There is no rotation. Add one to the config of the plugin monitoring, under incidents.rotations.'
          : turns.map(({ rotation, person, until }) => `${rotation}: ${person} ${formatUntil(until)}.`).join(' '),
      ...(turns.length > 0 && {
        table: {
          columns: ['rotation', 'on call', 'until', 'then', 'stands in later'],
          rows: turns.map((turn) => [
            turn.rotation,
            `${turn.person}${turn.isOverride ? ' (stands in)' : ''}`,
            formatInstant(turn.until),
            turn.next,
            turn.coming.map(({ person, from, to }) => `${person} ${formatInstant(from)} ${formatUntil(to)}`).join('; '),
          ]),
        },
      }),
    }),
  }),
});

const standIn = ({ action }: MonitoringTools) => ({
  'oncall.override': action({
    title: 'Let somebody stand in on call',
    label: 'Stand in',
    risk: 'change',
    input: z.strictObject({
      rotation: z.string().min(1).max(63).meta({ title: 'Rotation' }),
      person: z.string().min(1).max(63).meta({ title: 'Who stands in' }),
      forSeconds: z.int().min(60).max(MONTH_SECONDS).default(28_800).meta({ title: 'For' }),
      startsAt: z.iso.datetime({ offset: true }).optional().meta({ title: 'From', description: 'Default: now' }),
    }),
    output: Override,
    positional: ['rotation', 'person'],
    examples: ['oncall override primary operator --for 8h'],
    async run(ctx, { rotation, person, forSeconds, startsAt }) {
      const { desk, policy } = incidentsOf(ctx);
      rotationOf(policy, rotation);
      if (!policy.people.has(person))
        throw new HubError('person_unknown', `The config says of no way to reach '${person}'. Add them under incidents.people.`, {
          status: 404,
        });
      const now = await ctx.step('now', async () => ctx.clock.now());
      const from = startsAt === undefined ? now : Date.parse(startsAt);
      const override = { rotation, person, from, to: from + forSeconds * 1000 };
      if (override.to <= now) throw new HubError('override_past', 'That time is over already. Give a later one.', { status: 400 });
      await ctx.step('override', () => desk.override({ ...override, id: ctx.id('override'), by: ctx.actor.name }));
      return override;
    },
    show: ({ rotation, person, from, to }) => ({
      text: `${person} is on call for ${rotation} from ${formatInstant(from)} ${formatUntil(to)}.`,
    }),
  }),
});

export const oncallActions = (tools: MonitoringTools) => ({ ...showTurns(tools), ...standIn(tools) });
