import { ref, type View } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { formatValue } from '../format.ts';
import type { RuleKind } from '../port.ts';
import type { Preview } from '../rules/preview.ts';
import { previewFor, propose } from '../rules/proposals.ts';
import { conditionText, formatSeconds } from '../rules/signals.ts';
import type { ReadyRule } from '../rules/source.ts';
import { rulesOf } from '../rules/start.ts';
import { ruleInput, ruleOf } from './alert-input.ts';

export const PREVIEW_TIMEOUT_MS = 120_000;
const FIRINGS_SHOWN_MAX = 30;
export const NO_PAST = 'A rule in SQL says itself which time it reads, so it cannot be shown on the past.';

const firing = z.strictObject({
  kind: z.string(),
  id: z.string(),
  name: z.string(),
  device: z.string().nullable(),
  from: z.number(),
  to: z.number().nullable(),
  worst: z.number().nullable(),
});
const previewOutput = z.strictObject({
  condition: z.string(),
  sentence: z.string(),
  from: z.number(),
  to: z.number(),
  stepSeconds: z.number(),
  things: z.number(),
  looked: z.number(),
  count: z.number(),
  unit: z.string().nullable(),
  firings: z.array(firing),
});

type Kinds = ReadonlyMap<string, RuleKind>;

/** What the rule means, in words. */
export const meaningOf = ({ rule, unit }: ReadyRule, kinds: Kinds): string => {
  const what = [rule.aggregate, rule.metric, rule.of && `of ${rule.of}`].filter((part) => part !== undefined).join(' ');
  const window = rule.windowSeconds === undefined ? '' : ` over ${formatSeconds(rule.windowSeconds)}`;
  return `${what || rule.condition.is}${window}: ${conditionText(rule, unit, kinds)}`;
};

const toOutput = (ready: ReadyRule, preview: Preview, kinds: Kinds): z.output<typeof previewOutput> => ({
  condition: meaningOf(ready, kinds),
  sentence: preview.sentence,
  from: preview.from,
  to: preview.to,
  stepSeconds: preview.stepSeconds,
  things: preview.things,
  looked: preview.looked,
  count: preview.count,
  unit: ready.unit ?? null,
  firings: preview.firings.map(({ subject: { kind, id, name, device = null }, from, to, worst }) => ({
    kind,
    id,
    name,
    device,
    from,
    to,
    worst,
  })),
});

const iso = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');

function showPreview({ condition, sentence, firings, unit, count }: z.output<typeof previewOutput>): View {
  const text = `${condition}. ${sentence}`;
  if (count === 0) return { text };
  const rows = firings
    .slice(0, FIRINGS_SHOWN_MAX)
    .map(({ name, device, from, to, worst }) => [
      device === null ? name : `${name} ${device}`,
      iso(from),
      to === null ? 'still' : formatSeconds((to - from) / 1000),
      formatValue(worst, (unit ?? undefined) as Parameters<typeof formatValue>[1]),
    ]);
  return { text, table: { columns: ['thing', 'from (UTC)', 'for', 'worst'], rows } };
}

const noPast = (condition: string, now: number): z.output<typeof previewOutput> => {
  const nothing = { stepSeconds: 0, things: 0, looked: 0, count: 0, unit: null, firings: [] };
  return { condition, sentence: NO_PAST, from: now, to: now, ...nothing };
};

export const previewActions = ({ action }: MonitoringTools) => ({
  'alert.preview': action({
    title: 'Show what an alert rule would have done',
    label: 'Preview an alert',
    help: 'Runs a rule over what was recorded: how often it would have fired, when, for how long and at which values. Nothing is saved.',
    risk: 'read',
    input: ruleInput.extend({
      days: z.number().min(0.01).max(90).optional().meta({ title: 'Days', description: 'How far back; default 7' }),
    }),
    output: previewOutput,
    positional: ['name', 'metric'],
    examples: [
      'alert preview web-cpu vm.cpuRatio --above 0.9 --window 5m --for 10m',
      'alert preview web-cpu vm.cpuRatio --above 0.8 --days 30',
    ],
    timeoutMs: PREVIEW_TIMEOUT_MS,
    show: showPreview,
    async run(ctx, input) {
      const ready = await propose(ctx, { name: input.name, rule: await ruleOf(input) });
      const preview = await previewFor(ctx, ready, input.days);
      const { kinds } = rulesOf(ctx);
      return preview === null ? noPast(meaningOf(ready, kinds), ctx.clock.now()) : toOutput(ready, preview, kinds);
    },
  }),
  'alert.history': action({
    title: 'Show what a known rule would have done',
    label: 'Replay an alert',
    help: 'As alert preview, for a rule that is there already, as it is now.',
    risk: 'read',
    input: z.strictObject({
      rule: z.string().min(1).max(200).meta({ title: 'Rule', picker: 'alert' }),
      days: z.number().min(0.01).max(90).optional().meta({ title: 'Days', description: 'How far back; default 7' }),
    }),
    output: previewOutput,
    positional: ['rule'],
    examples: ['alert history monitoring.vm-disk --days 30'],
    target: ({ rule }) => ref('alert', rule),
    timeoutMs: PREVIEW_TIMEOUT_MS,
    show: showPreview,
    async run(ctx, { days }) {
      const { book, kinds } = rulesOf(ctx);
      const ready = book.get(ctx.target?.id ?? '')?.ready;
      const preview = ready ? await previewFor(ctx, ready, days) : null;
      return ready && preview ? toOutput(ready, preview, kinds) : noPast(ready ? meaningOf(ready, kinds) : '', ctx.clock.now());
    },
  }),
});
