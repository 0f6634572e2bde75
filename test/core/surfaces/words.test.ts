import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Action } from '../../../core/contract/declare.ts';
import type { ActionDescription } from '../../../core/contract/services.ts';
import { describeAction } from '../../../core/surfaces/describe.ts';
import { formatWords } from '../../../core/surfaces/values.ts';
import { parseWords } from '../../../core/surfaces/words.ts';
import { usageOf } from '../../../core/surfaces/usage.ts';

const declare = (id: string, input: z.ZodObject, positional: string[] = []): ActionDescription =>
  describeAction('demo', id, {
    title: id,
    label: id,
    risk: 'change',
    input,
    output: z.null(),
    positional,
    run: async () => null,
  } satisfies Action);

const create = declare(
  'vm.create',
  z.object({
    name: z.string().min(1),
    image: z.string().default('tiny'),
    memoryBytes: z.int().min(1).optional(),
    vcpus: z.int().min(1).default(1),
    tags: z.array(z.string()).default([]),
    mode: z.enum(['fast', 'safe']).optional(),
    start: z.boolean().default(true),
    purge: z.boolean().default(false),
    loadRatio: z.number().optional(),
    timeoutSeconds: z.int().optional(),
    startAt: z.iso.datetime().optional(),
  }),
  ['name'],
);
const all = [
  create,
  declare('vm.list', z.object({})),
  declare('vm.delete', z.object({ vm: z.string().meta({ picker: 'vm' }) }), ['vm']),
  declare('vm.console.read', z.object({ vm: z.string() }), ['vm']),
  declare('host.list', z.object({})),
  declare('note.add', z.object({ text: z.string(), to: z.array(z.string()) }), ['text', 'to']),
];

const inputOf = (words: string | string[]): unknown => {
  const parsed = parseWords(words, all);
  return parsed.is === 'call' ? parsed.input : parsed;
};

describe('words that are wrong', () => {
  it('names the nearest verb, the nearest noun and swapped words', () => {
    expect(parseWords('vm craete web-1', all)).toEqual({ is: 'unknown', words: 'vm craete web-1', suggestions: ['vm create'] });
    expect(parseWords('vn list', all)).toMatchObject({ suggestions: ['vm list'] });
    expect(parseWords('list vm', all)).toMatchObject({ suggestions: ['vm list'] });
    expect(parseWords('vm consle read x', all)).toMatchObject({ suggestions: ['vm console read'] });
    expect(parseWords('vm explode', all)).toMatchObject({ is: 'unknown', suggestions: expect.arrayContaining(['vm list']) as unknown });
  });

  it('does not take a prefix for a whole word', () => {
    expect(parseWords('vm cre web-1', all)).toMatchObject({ is: 'unknown' });
    expect(parseWords('vm create web-1 --ima tiny', all)).toMatchObject({ is: 'unknown', words: '--ima' });
  });

  it('names the nearest flag for an unknown one and the usage for a word too many', () => {
    expect(parseWords('vm create web-1 --imagee tiny', all)).toEqual({ is: 'unknown', words: '--imagee', suggestions: ['--image'] });
    expect(parseWords('vm create web-1 web-2', all)).toEqual({ is: 'unknown', words: 'web-2', suggestions: [create.usage] });
  });

  it('says which required fields are missing, also when a flag has no value', () => {
    expect(parseWords('vm create', all)).toMatchObject({ is: 'call', missing: ['name'] });
    expect(parseWords('vm create --name', all)).toMatchObject({ is: 'call', missing: ['name'], input: {} });
  });

  it('leaves a figure it cannot read as text, for the door to refuse', () => {
    expect(inputOf('vm create a --vcpus many --memory 3lightyears')).toEqual({ name: 'a', vcpus: 'many', memoryBytes: '3lightyears' });
  });

  it('refuses lines and argument lists that are too long without reading them', () => {
    expect(parseWords('x'.repeat(20_000), all)).toMatchObject({ is: 'unknown', suggestions: [] });
    expect(
      parseWords(
        Array.from({ length: 10_000 }, () => '--a'),
        all,
      ),
    ).toMatchObject({ is: 'unknown' });
    expect(parseWords('a '.repeat(5_000), all)).toMatchObject({ is: 'unknown' });
  });
});

describe('words that are right', () => {
  it('reads positional words, flags with and without =, booleans, lists and units', () => {
    expect(
      inputOf('vm create web-1 --image=debian-12 --memory 512MiB --vcpus 2 --tags a,b --tags c --no-start --purge --timeout 5m'),
    ).toEqual({
      name: 'web-1',
      image: 'debian-12',
      memoryBytes: 512 * 2 ** 20,
      vcpus: 2,
      tags: ['a', 'b', 'c'],
      start: false,
      purge: true,
      timeoutSeconds: 300,
    });
    expect(inputOf('vm create --memory-bytes 1024 --load-ratio -0.5 --tags= web-1')).toMatchObject({
      name: 'web-1',
      memoryBytes: 1024,
      tags: [],
    });
  });

  it('reads quotes as people and chat clients write them', () => {
    expect(inputOf('vm create "web one"')).toEqual({ name: 'web one' });
    expect(inputOf('vm create “web one” —image ‘my image’')).toEqual({ name: 'web one', image: 'my image' });
    expect(inputOf(`vm create it's`)).toEqual({ name: `it's` });
    expect(inputOf('vm create "--purge"')).toEqual({ name: '--purge' });
    expect(inputOf('vm create -- --purge')).toEqual({ name: '--purge' });
    expect(inputOf('vm create "never closed')).toEqual({ name: 'never closed' });
    expect(inputOf('vm create "a \\"b\\" c\\\\d"')).toEqual({ name: 'a "b" c\\d' });
    expect(inputOf('vm create a --tags "x,y"')).toEqual({ name: 'a', tags: ['x,y'] });
  });

  it('reads an id with a dot, capitals, the longest id, and a list at the end of the line', () => {
    expect(parseWords('VM List', all)).toMatchObject({ is: 'call', action: { id: 'vm.list' } });
    expect(parseWords('vm.create web-1', all)).toMatchObject({ is: 'call', action: { id: 'vm.create' } });
    expect(parseWords(['vm', 'console', 'read', 'web one'], all)).toMatchObject({ input: { vm: 'web one' } });
    expect(inputOf('note add hello a b,c')).toEqual({ text: 'hello', to: ['a', 'b', 'c'] });
  });

  it('answers help for nothing, for a noun, and for one action', () => {
    expect(parseWords('', all)).toEqual({ is: 'help', actions: all });
    expect(parseWords('help', all)).toEqual({ is: 'help', actions: all });
    for (const words of ['vm', 'vm help', 'help vm', 'vm --help'])
      expect(parseWords(words, all)).toMatchObject({
        is: 'help',
        actions: [{ id: 'vm.create' }, { id: 'vm.list' }, { id: 'vm.delete' }, { id: 'vm.console.read' }],
      });
    for (const words of ['help vm create', 'vm create --help', 'vm create web-1 -h'])
      expect(parseWords(words, all)).toEqual({ is: 'help', actions: [create] });
  });

  it('writes the usage with what must be given first', () => {
    expect(usageOf(create)).toBe(
      'vm create <name> [--image tiny] [--memory <512MiB>] [--vcpus 1] [--tags <tags>] [--mode fast|safe] [--no-start] [--purge] [--load-ratio <number>] [--timeout <10m>] [--start-at <2026-01-31T12:00:00Z>]',
    );
  });
});

const inputs = fc.record(
  {
    name: fc.string({ unit: 'grapheme' }),
    image: fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('--help', '—x', '"', `'`, '\\', '\\"', '“a b”', '-h', '--', '=', ',', 'true'),
    ),
    memoryBytes: fc.integer(),
    vcpus: fc.maxSafeInteger(),
    tags: fc.array(fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a,b', ',', '"', '')), { maxLength: 5 }),
    mode: fc.constantFrom('fast', 'safe'),
    start: fc.boolean(),
    purge: fc.boolean(),
    loadRatio: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    timeoutSeconds: fc.integer(),
  },
  { requiredKeys: ['name'] },
);

describe('properties of words', () => {
  it('reads back every input that it writes', () => {
    fc.assert(
      fc.property(inputs, (input) => {
        expect(parseWords(formatWords(create, input), all)).toEqual({ is: 'call', action: create, input: { ...input }, missing: [] });
      }),
      { numRuns: 1000 },
    );
  });

  const piece = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom(
      ...'"\'\\-—=,“”'.split(''),
      ' ',
      '--',
      'vm',
      'create',
      'help',
      '--name=',
      '--tags',
      '__proto__',
      '--constructor',
      '\u0000',
      '\ud800',
    ),
  );

  it('never throws, never answers with an unknown action or field, whatever is typed', () => {
    const names = new Set(all.flatMap((action) => action.fields.map((field) => field.name)));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.constantFrom('', ' '), (pieces, glue) => {
        const lines = [pieces.join(glue), pieces, `vm create ${pieces.join(glue)}`];
        const calls = lines.map((line) => parseWords(line, all)).filter((parsed) => parsed.is === 'call');
        expect(calls.every((call) => all.includes(call.action))).toBe(true);
        expect(calls.every((call) => Object.keys(call.input).every((name) => names.has(name)))).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it('does a bounded amount of work on hostile lines', () => {
    for (const unit of ['"', '\\"', '--a=', '--a="', 'vm ', '—', ' ', 'a"', '=', '\u00a0"'])
      expect(() => parseWords(`vm create ${unit.repeat(Math.floor(15_000 / unit.length))}`, all)).not.toThrow();
  });
});

describe('flags of the thing that an action is about', () => {
  const run = declare(
    'report.run',
    z.object({ report: z.string(), at: z.string().optional(), with: z.array(z.string()).default([]).meta({ takesFlags: true }) }),
    ['report'],
  );
  const input = (words: string) => {
    const parsed = parseWords(words, [run]);
    return parsed.is === 'call' ? parsed.input : parsed;
  };

  it('go into the list that takes them, those of the action where they belong', () => {
    expect(input('report run capacity --cluster lab --days=28 --at now --deep')).toEqual({
      report: 'capacity',
      at: 'now',
      with: ['cluster=lab', 'days=28', 'deep=true'],
    });
  });

  it('are unknown where no list takes them', () => {
    expect(parseWords('vm create web-1 --cluster lab', all)).toMatchObject({ is: 'unknown' });
  });
});

describe('a word alone', () => {
  const look = describeAction('demo', 'health.show', {
    title: 'Show',
    label: 'Show',
    risk: 'read',
    input: z.object({ area: z.enum(['vm', 'host']).optional(), all: z.boolean().default(false) }),
    output: z.null(),
    positional: ['area'],
    run: async () => null,
  } satisfies Action);

  it('looks, where that is all that can be done with it', () => {
    expect(parseWords('health', [...all, look])).toMatchObject({ is: 'call', action: { id: 'health.show' }, input: {}, missing: [] });
    expect(parseWords('health vm --all', [...all, look])).toMatchObject({ is: 'call', input: { area: 'vm', all: true } });
    expect(parseWords('health --all', [...all, look])).toMatchObject({ is: 'call', input: { all: true } });
    expect(parseWords('health shwo', [...all, look])).toMatchObject({ is: 'unknown', suggestions: ['health show'] });
    for (const words of ['health --help', 'health help', 'help health'])
      expect(parseWords(words, [...all, look])).toMatchObject({ is: 'help', actions: [{ id: 'health.show' }] });
    expect(parseWords('health', [...all, look, declare('health.reset', z.object({}))])).toMatchObject({ is: 'help' });
    // `note add` changes something, and wants a text.
    expect(parseWords('note', all)).toMatchObject({ is: 'help' });
  });
});

describe('a time', () => {
  it('may be said in words', () => {
    const seconds = (said: string) => (inputOf(['vm', 'create', 'a', '--timeout', said]) as { timeoutSeconds: unknown }).timeoutSeconds;
    expect(['90', '90s', '2hours', '2 hrs', '1day', '5mins'].map(seconds)).toEqual([90, 90, 7200, 7200, 86_400, 300]);
    expect(seconds('2horus')).toBe('2horus');
  });
});
