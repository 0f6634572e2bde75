import { HubError, type AlertCondition, type AlertRule } from 'novacron/plugin';
import { z } from 'zod';

/** What a person may write as a rule, in a file or in words; the same as a plugin declares. */

export const fileInvalid = (message: string): HubError => new HubError('alert_file_invalid', message, { status: 400 });

const SECONDS_MAX = 31 * 86_400;
const STARS_MAX = 5;

const seconds = z.number().min(0).max(SECONDS_MAX);
const text = (lengthMax: number) => z.string().min(1).max(lengthMax);
const list = (of: z.ZodType<string>) => z.array(of).min(1).max(100).readonly();

export const RULE_NAME = /^[a-z][a-z0-9-]{0,60}$/;
export const ruleName = z.string().regex(RULE_NAME, 'A name is lower-case words with dashes: web-memory.');

/** Every star makes matching slower. */
export const namePattern = text(200).refine((name) => name.split('*').length - 1 <= STARS_MAX, `At most ${STARS_MAX} stars.`);

const metricName = z
  .string()
  .regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*)?\.[a-z][A-Za-z0-9]*$/, 'A metric is <table>.<metric>: vm.cpuRatio.');

const bound = { above: z.number().exactOptional(), below: z.number().exactOptional(), resolveAt: z.number().exactOptional() };

interface LooseBound {
  readonly above?: number;
  readonly below?: number;
  readonly resolveAt?: number;
}

/** Why the bound is none; `undefined`: it is one. */
function boundTrouble({ above, below, resolveAt }: LooseBound): string | undefined {
  const edge = above ?? below;
  if (edge === undefined || (above !== undefined && below !== undefined)) return 'Say one of "above" and "below".';
  if (resolveAt === undefined) return undefined;
  const comesBack = above === undefined ? resolveAt >= edge : resolveAt <= edge;
  return comesBack ? undefined : 'It would resolve while it is bad: resolveAt must be on the good side of the edge.';
}

const condition = z
  .discriminatedUnion('is', [
    z.strictObject({ is: z.literal('threshold'), ...bound }),
    z.strictObject({ is: z.literal('rate'), ...bound }),
    z.strictObject({ is: z.literal('absence'), seconds: seconds.min(1) }),
    z.strictObject({
      is: z.literal('past'),
      compare: z.enum(['ratio', 'difference']),
      agoSeconds: z
        .number()
        .min(60)
        .max(366 * 86_400)
        .exactOptional(),
      ...bound,
    }),
    z.strictObject({ is: z.literal('sql'), sql: text(20_000), kind: text(40), ...bound }),
    z.strictObject({ is: z.literal('offered'), kind: text(40), settings: z.json() }),
  ])
  .superRefine((value, context) => {
    if (value.is === 'absence' || value.is === 'offered') return;
    const trouble = boundTrouble(value);
    if (trouble !== undefined) context.addIssue({ code: 'custom', message: trouble, path: [] });
  })
  .transform((value) => value as AlertCondition);

const scope = z.strictObject({
  names: list(namePattern).exactOptional(),
  tags: list(text(100)).exactOptional(),
  devices: list(namePattern).exactOptional(),
  tenant: text(60).exactOptional(),
});

const suggestion = z.strictObject({
  action: z.string().regex(/^[a-z][a-z0-9-]*(\.[a-z][a-z0-9-]*){1,2}$/, 'An action is <noun>.<verb>: vm.reboot.'),
  label: text(24),
  input: z.record(text(60), z.union([z.string().max(1000), z.number(), z.boolean()])),
});

const labels = z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_-]{0,60}$/, 'Labels are plain words.'), z.string().max(200));

export const ruleSchema = z.strictObject({
  title: text(120),
  severity: z.enum(['info', 'warning', 'critical']),
  metric: metricName.exactOptional(),
  of: z
    .string()
    .regex(/^[a-z][A-Za-z0-9]*$/, 'Another metric of the same table: capacityBytes.')
    .exactOptional(),
  aggregate: z.enum(['mean', 'min', 'max', 'last', 'sum', 'p50', 'p95', 'p99', 'rate']).exactOptional(),
  windowSeconds: seconds.min(1).exactOptional(),
  condition,
  forSeconds: seconds.exactOptional(),
  keepFiringSeconds: seconds.exactOptional(),
  scope: scope.exactOptional(),
  takesDown: z.boolean().exactOptional(),
  actions: z.array(suggestion).max(10).readonly().exactOptional(),
  labels: labels.exactOptional(),
  help: z.string().max(2000).exactOptional(),
}) satisfies z.ZodType<AlertRule>;

/** A rule of a file. */
export interface FileRule {
  readonly id: string;
  readonly rule: AlertRule;
  readonly file: string;
}
