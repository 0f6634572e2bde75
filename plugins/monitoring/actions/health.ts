import type { View } from 'novacron/plugin';
import { z } from 'zod';
import type { Config, MonitoringTools } from '../config.ts';
import {
  agentLines,
  hostLines,
  hubLines,
  poolLines,
  ruleLines,
  serviceLines,
  shadowLines,
  vmLines,
  type HealthLine,
} from '../health/lines.ts';
import { LATE_MS, peopleLines } from '../health/people.ts';
import { reachesOf } from '../incidents/reach.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { healthOf } from '../health/start.ts';
import { sees } from '../rules/alert-kind.ts';
import { tenantOf } from '../incidents/tenancy.ts';
import { rulesOf } from '../rules/start.ts';

const LINES_MAX = 500;
const SHOWN_MAX = 50;
const AREAS = ['hub', 'host', 'pool', 'vm', 'agent', 'service', 'rule', 'people'] as const;
const ORDER = { bad: 0, warn: 1, good: 2 } as const;
const TONES = { bad: 'bad', warn: 'warn', good: 'good' } as const;

const line = z.strictObject({
  area: z.enum(AREAS),
  name: z.string(),
  state: z.enum(['good', 'warn', 'bad']),
  text: z.string(),
  next: z.string().nullable(),
});
const count = z.strictObject({ area: z.enum(AREAS), good: z.number(), warn: z.number(), bad: z.number() });
const output = z.strictObject({ at: z.number(), lines: z.array(line), counts: z.array(count), truncated: z.boolean() });
type Output = z.output<typeof output>;

const countsOf = (lines: readonly HealthLine[]): Output['counts'] =>
  AREAS.flatMap((area) => {
    const of = (state: HealthLine['state']): number => lines.filter((one) => one.area === area && one.state === state).length;
    const counts = { area, good: of('good'), warn: of('warn'), bad: of('bad') };
    return counts.good + counts.warn + counts.bad > 0 ? [counts] : [];
  });

const sum = (counts: Output['counts'], state: 'good' | 'warn' | 'bad'): number => counts.reduce((total, one) => total + one[state], 0);

export function showHealth({ lines, counts }: Output): View {
  const [bad, warn, good] = [sum(counts, 'bad'), sum(counts, 'warn'), sum(counts, 'good')];
  const text = bad + warn === 0 ? `All is well: ${good} things looked at.` : `${bad} not well, ${warn} to watch, ${good} well.`;
  const worst = bad > 0 ? 'bad' : warn > 0 ? 'warn' : 'good';
  return {
    text,
    card: {
      title: 'Health',
      state: { text: bad + warn === 0 ? 'well' : bad > 0 ? 'not well' : 'to watch', tone: TONES[worst] },
      fields: counts.map((one) => ({
        label: one.area,
        value: `${one.good} well${one.warn > 0 ? `, ${one.warn} to watch` : ''}${one.bad > 0 ? `, ${one.bad} not well` : ''}`,
      })),
      actions: [],
    },
    ...(lines.length > 0 && {
      table: {
        columns: ['what', 'state', 'how it is', 'what to do next'],
        rows: lines.slice(0, SHOWN_MAX).map((one) => [`${one.area} ${one.name}`, one.state, one.text, one.next ?? '']),
      },
    }),
  };
}

const STALE_MS_MIN = 60_000;
/** So many scrapes may fail before a host that is connected counts as silent. */
const SCRAPES_MISSED_MAX = 4;

const staleMsOf = ({ everySeconds, timeoutSeconds }: Pick<Config, 'everySeconds' | 'timeoutSeconds'>): number =>
  Math.max(STALE_MS_MIN, SCRAPES_MISSED_MAX * (everySeconds + timeoutSeconds) * 1000);

export const healthActions = ({ action }: MonitoringTools) => ({
  'health.show': action({
    title: 'Show how everything is, and what to do about what is not well',
    label: 'Health',
    help: 'Hosts, pools, VMs, agents of guests, services, rules and the hub itself. Without --all only what is not well.',
    risk: 'read',
    input: z.strictObject({
      area: z.enum(AREAS).optional().meta({ title: 'Area', description: 'Only this' }),
      all: z.boolean().default(false).meta({ title: 'All', description: 'What is well, too' }),
    }),
    output,
    positional: ['area'],
    examples: ['health show', 'health show service --all'],
    show: showHealth,
    async run(ctx, { area, all }) {
      const { services, config, actor, clock } = ctx;
      const tenant = tenantOf(actor);
      const watch = healthOf(ctx);
      const { files, book, engine } = rulesOf(ctx);
      const incidents = incidentsOf(ctx);
      const now = clock.now();
      const hosts = services.hypervisor.hosts();
      const vms = services.hypervisor.vms().filter((vm) => sees(tenant, vm.tenant) && vm.state !== 'trashed');
      const troubles = book
        .all()
        .filter(({ tenant: owner, off }) => off === null && sees(tenant, owner))
        .flatMap(({ id, trouble }) => [trouble ?? engine.trouble(id)].flatMap((text) => (text === undefined ? [] : [[id, text] as const])));
      const found: HealthLine[] = [
        ...hubLines(await watch.hub(), actor),
        ...hostLines(hosts, vms, { samples: services.metrics.latest('host'), now, staleMs: staleMsOf(config) }),
        ...poolLines(hosts, services.metrics.latest('host.pool'), now),
        ...vmLines(vms),
        ...agentLines(vms, watch.agents()),
        ...serviceLines(
          watch.services().filter(({ check }) => sees(tenant, check.tenant ?? null)),
          config.health,
        ),
        ...ruleLines(new Map([...(actor.role === 'admin' ? files.troubles() : []), ...troubles])),
        ...(actor.role === 'admin' ? shadowLines(book.shadowed()) : []),
        ...peopleLines(await incidents.store.late(now - LATE_MS), await reachesOf(incidents), { now, isAdmin: actor.role === 'admin' }),
      ];
      const wanted = area === undefined ? found : found.filter((one) => one.area === area);
      const lines = wanted.filter((one) => all || one.state !== 'good').toSorted((a, b) => ORDER[a.state] - ORDER[b.state]);
      return {
        at: now,
        lines: lines.slice(0, LINES_MAX).map((one) => ({ ...one })),
        counts: countsOf(wanted),
        truncated: lines.length > LINES_MAX,
      };
    },
  }),
});
