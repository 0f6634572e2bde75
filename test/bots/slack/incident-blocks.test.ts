import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Incident, Notification, Signal, Silence } from '../../../plugins/monitoring/port.ts';
import { refuseMessage, UPDATE_TEXT_LENGTH_MAX } from '../../../bots/sandbox/block-limits.ts';
import type { Content } from '../../../bots/slack/block-kit.ts';
import { followUpContent, incidentContent, silenceContent } from '../../../bots/slack/incident-blocks.ts';
import { cut } from '../../../bots/slack/mrkdwn.ts';
import { formField } from '../../kit/form-field.ts';
import { action, anyText } from './arbitraries.ts';

const RUNS = { numRuns: 200 };
const refused = (content: Content): unknown =>
  refuseMessage(content) ?? refuseMessage({ ...content, text: cut(content.text, UPDATE_TEXT_LENGTH_MAX) }, UPDATE_TEXT_LENGTH_MAX);

/** Plain text is shown as it is; the rest Slack reads for markup. */
const markup = ({ blocks }: Content): string =>
  JSON.stringify(blocks, (_, value: unknown) =>
    typeof value === 'object' && value !== null && 'type' in value && value.type === 'plain_text' ? '' : value,
  );

const at = fc.integer({ min: 0, max: 4e12 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const severity = fc.constantFrom('info', 'warning', 'critical');
const subject = fc.record({ kind: anyText(50), id: anyText(50), name: anyText(300), tenant: maybe(anyText(20)) });
const suggested = fc.record({
  action: fc.constantFrom('vm.create', 'thing.drop', 'none.such'),
  label: anyText(200),
  input: fc.constant({ vm: 'x' }),
});

const signal: fc.Arbitrary<Signal> = fc.record({
  key: anyText(300),
  state: fc.constantFrom('firing', 'resolved'),
  rule: fc.record({ id: anyText(50), title: anyText(50) }),
  severity,
  subject,
  at,
  since: at,
  summary: anyText(1_000),
  values: fc.constant({}),
});

const incident: fc.Arbitrary<Incident> = fc.record({
  id: fc.integer({ min: 1 }).map((number) => `INC-${number}`),
  title: anyText(300),
  severity,
  state: fc.constantFrom('open', 'acknowledged', 'snoozed', 'resolved'),
  tenant: maybe(anyText(20)),
  subject,
  openedAt: at,
  resolvedAt: maybe(at),
  acknowledgedBy: maybe(anyText(100)),
  assignee: maybe(anyText(100)),
  snoozedUntil: maybe(at),
  silencedBy: maybe(fc.constant('SIL-1')),
  partOf: maybe(fc.constant('INC-1')),
  isFlapping: fc.boolean(),
  signals: fc.array(signal, { maxLength: 40 }),
  actions: fc.array(suggested, { maxLength: 12 }),
});

const silence: fc.Arbitrary<Silence> = fc.record({
  id: fc.constant('SIL-1'),
  match: fc.array(anyText(200), { maxLength: 20 }),
  incident: maybe(fc.constant('INC-1')),
  tenant: maybe(anyText(20)),
  owner: anyText(100),
  reason: anyText(300),
  startsAt: at,
  endsAt: at,
  state: fc.constantFrom('pending', 'active', 'ended'),
});

const WHYS: readonly Notification['why'][] = ['opened', 'changed', 'escalated', 'resolved', 'reopened', 'reminder', 'assigned', 'silenced'];

it('any incident and any silence is a message that Slack takes and that mentions nobody', () => {
  fc.assert(
    fc.property(incident, silence, fc.array(action, { maxLength: 3 }), (shown, hidden, offered) => {
      const contents = [
        incidentContent(shown, offered),
        silenceContent(hidden),
        ...WHYS.flatMap((why) => followUpContent(why, shown) ?? []),
      ];
      for (const content of contents) {
        expect(refused(content)).toBeUndefined();
        expect(markup(content)).not.toContain('<!channel>');
      }
    }),
    RUNS,
  );
});

it('offers what there is as buttons and the rest as advice, and nothing to do when it is over', () => {
  const described = (id: string, label: string, names: readonly string[]) => ({
    id,
    plugin: 'x',
    title: label,
    label,
    help: null,
    risk: 'change' as const,
    fields: names.map((name) => formField(name, { required: true })),
    positional: [],
    examples: [],
    usage: id,
  });
  const offered = [described('incident.acknowledge', 'Acknowledge', ['incident']), described('vm.grow', 'Grow', ['vm'])];
  const [base] = fc.sample(incident, { numRuns: 1, seed: 1 });
  const open: Incident = {
    ...(base as Incident),
    state: 'open',
    actions: [
      { action: 'vm.grow', label: 'Grow it', input: { vm: 'web' } },
      { action: 'vm.move', label: 'Move it', input: {} },
    ],
  };
  const text = JSON.stringify(incidentContent(open, offered).blocks);
  expect(text).toContain('"text":"Grow it"');
  expect(text).toContain('What may help: Move it');
  expect(text).toContain('"text":"Acknowledge"');
  const over = JSON.stringify(incidentContent({ ...open, state: 'resolved' }, offered).blocks);
  expect(over).not.toContain('"type":"button"');
});
