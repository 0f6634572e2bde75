import * as fc from 'fast-check';
import type { ActionDescription, Card, FormField, Job, View } from '../../../core/contract.ts';

/** Text as bad as it may come: markup, control signs, emoji, very long. */
export const anyText = (lengthMax = 4_000): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.constantFrom('', ' ', '<!channel>', '*bold*', '```', '`', '&', '<https://evil.example|click>', '\n\n', '👩‍👩‍👧‍👦', '|'),
    fc.tuple(fc.constantFrom('x', '&', '<', '`', '👍', '\n', '*'), fc.nat(lengthMax)).map(([sign, count]) => sign.repeat(count)),
  );

const some = <T>(arbitrary: fc.Arbitrary<T>, maxLength: number): fc.Arbitrary<T[]> => fc.array(arbitrary, { maxLength });

export const card: fc.Arbitrary<Card> = fc.record(
  {
    title: anyText(),
    subtitle: anyText(),
    state: fc.record({ text: anyText(), tone: fc.constantFrom('good', 'busy', 'warn', 'bad', 'idle') }),
    fields: some(fc.record({ label: anyText(), value: anyText() }), 60),
    actions: some(fc.constantFrom('vm.start', 'vm.stop', 'vm.delete'), 40),
  },
  { requiredKeys: ['title', 'fields', 'actions'] },
);

export const view: fc.Arbitrary<View> = fc.record(
  {
    text: anyText(60_000),
    card,
    table: fc.record({ columns: some(anyText(), 40), rows: some(some(anyText(200), 40), 60) }),
    code: anyText(60_000),
  },
  { requiredKeys: ['text'] },
);

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });

export const field = (name: string): fc.Arbitrary<FormField> =>
  fc.record({
    name: fc.constant(name),
    label: anyText(3_000),
    help: optional(anyText(5_000)),
    type: fc.constantFrom('text', 'integer', 'number', 'boolean', 'choice', 'picker', 'instant', 'list'),
    required: fc.boolean(),
    default: optional(fc.oneof(anyText(5_000), fc.integer(), fc.boolean(), fc.constant('2026-01-05T12:00:00Z'), some(anyText(100), 5))),
    choices: some(anyText(300), 130),
    picker: optional(fc.constantFrom('vm', 'host')),
    minimum: optional(fc.integer()),
    maximum: optional(fc.integer()),
    lengthMax: optional(fc.nat(100_000)),
    pattern: optional(anyText(50)),
  });

const names = fc.uniqueArray(fc.constantFrom(...Array.from({ length: 120 }, (_, index) => `f${index}`), 'memoryBytes', 'timeoutMs'), {
  maxLength: 110,
});

export const action: fc.Arbitrary<ActionDescription> = names.chain((fields) =>
  fc.record({
    id: fc.constantFrom('vm.create', 'vm.console.read', 'thing.drop'),
    plugin: fc.constant('any'),
    title: anyText(),
    label: anyText(100),
    help: optional(anyText(9_000)),
    risk: fc.constantFrom('read', 'change', 'disrupt', 'destroy'),
    fields: fc.tuple(...fields.map(field)),
    positional: fc.constant([]),
    examples: some(anyText(500), 10),
    usage: anyText(),
  }),
);

const failure = fc.record({ code: anyText(200), message: anyText(9_000), retryable: fc.boolean() });
const state: fc.Arbitrary<Job['state']> = fc.oneof(
  fc.record({ is: fc.constant('queued' as const) }),
  fc.record({ is: fc.constant('waiting' as const), for: anyText() }),
  fc.record({
    is: fc.constant('running' as const),
    step: optional(anyText()),
    fraction: optional(fc.double({ min: -1, max: 2, noNaN: true })),
    message: optional(anyText()),
  }),
  fc.record({ is: fc.constant('cancelling' as const) }),
  fc.record({ is: fc.constant('succeeded' as const), output: fc.constant(null) }),
  fc.record({ is: fc.constantFrom('failed' as const, 'cancelled' as const, 'undone' as const), failure }),
);

export const job: fc.Arbitrary<Job> = fc.record({
  id: fc.uuid(),
  action: fc.constant('vm.create'),
  title: anyText(),
  target: optional(fc.record({ kind: fc.constantFrom('vm', 'tenant'), id: fc.uuid(), name: anyText() })),
  tenant: optional(fc.constant('default')),
  actor: fc.record({ id: fc.uuid(), name: anyText() }),
  via: fc.constant('slack'),
  state,
  createdAt: fc.nat(),
  startedAt: optional(fc.nat()),
  endedAt: optional(fc.nat()),
});
