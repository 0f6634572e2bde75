import { ref } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { explainRoutes, type Reach } from '../incidents/explain.ts';
import { reachesOf } from '../incidents/reach.ts';
import { incidentsOf } from '../incidents/runtime.ts';
import { incidentNumber } from '../incidents/start.ts';
import { incidentRef } from './incident.ts';

const ReachView = z.strictObject({
  rule: z.string(),
  severity: z.string(),
  kind: z.string(),
  routes: z.array(z.string()),
  reaches: z.array(z.string()),
  problem: z.string().nullable(),
});

const viewOf = ({ routes, reaches, ...rest }: Reach): z.output<typeof ReachView> => ({
  ...rest,
  routes: [...routes],
  reaches: [...reaches],
});

export const routeActions = ({ action }: MonitoringTools) => ({
  'route.explain': action({
    title: 'Explain why somebody was (not) told of an incident',
    label: 'Why was I (not) told?',
    risk: 'read',
    input: z.strictObject({
      incident: incidentRef,
      person: z.string().max(63).optional().meta({ title: 'Person', description: 'User name; default: you' }),
    }),
    output: z.strictObject({ person: z.string(), told: z.boolean(), sentences: z.array(z.string()) }),
    positional: ['incident', 'person'],
    examples: ['route explain INC-42', 'route explain INC-42 operator'],
    target: ({ incident }) => ref('incident', incident),
    async run(ctx, { person = ctx.actor.name }) {
      const { store, policy, clock } = incidentsOf(ctx);
      const number = incidentNumber(ctx.target?.id ?? '') ?? 0;
      const record = await store.get(number);
      if (!record) return { person, told: false, sentences: ['The incident is forgotten.'] };
      const at = clock.now();
      const explained = explainRoutes(policy, record, { person, at, overrides: await store.overrides(at), told: await store.told(number) });
      return { person, told: explained.told, sentences: [...explained.sentences] };
    },
    show: ({ person, told, sentences }, { incident }) => ({
      text: [`${person} was ${told ? '' : 'not '}told of ${incident} in person.`, ...sentences.map((sentence) => `• ${sentence}`)].join(
        '\n',
      ),
    }),
  }),
  'route.check': action({
    title: 'Check that every rule reaches a person',
    label: 'Check the routes',
    risk: 'read',
    input: z.strictObject({}),
    output: z.strictObject({ problems: z.number(), rules: z.array(ReachView) }),
    examples: ['route check'],
    async run(ctx) {
      const rules = (await reachesOf(incidentsOf(ctx))).map(viewOf);
      return { problems: rules.filter(({ problem }) => problem !== null).length, rules };
    },
    show: ({ problems, rules }) => ({
      text:
        problems === 0
          ? `All ${rules.length} reach a person.`
          : `${problems} of ${rules.length} reach nobody. Correct incidents.route in the config of the plugin monitoring.`,
      table: {
        columns: ['rule', 'severity', 'routes', 'reaches', 'problem'],
        rows: rules
          .toSorted((a, b) => Number(a.problem === null) - Number(b.problem === null))
          .map(({ rule, severity, routes, reaches, problem }) => [rule, severity, routes.join(', '), reaches.join(', '), problem ?? '']),
      },
    }),
  }),
});
