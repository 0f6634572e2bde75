import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refuseMessage, refuseView, UPDATE_TEXT_LENGTH_MAX } from '../../../bots/sandbox/block-limits.ts';
import type { Content } from '../../../bots/slack/block-kit.ts';
import { confirmationContent, settledContent } from '../../../bots/slack/confirmation-blocks.ts';
import { formView } from '../../../bots/slack/form-blocks.ts';
import { helpContent, unknownContent } from '../../../bots/slack/help-blocks.ts';
import { jobContent, progressBar } from '../../../bots/slack/job-blocks.ts';
import { asksMore, offerButtons, readOffer, suggestionButtons } from '../../../bots/slack/offers.ts';
import { cut } from '../../../bots/slack/mrkdwn.ts';
import { cardBlocks, tableLines, viewBlocks, viewText } from '../../../bots/slack/view-blocks.ts';
import { formField } from '../../kit/form-field.ts';
import { action, anyText, card, job, view } from './arbitraries.ts';

const RUNS = { numRuns: 150 };
/** As the bot sends it: an update cuts its text. */
const refused = (content: Content): unknown =>
  refuseMessage(content) ?? refuseMessage({ ...content, text: cut(content.text, UPDATE_TEXT_LENGTH_MAX) }, UPDATE_TEXT_LENGTH_MAX);
/** All text of the blocks that Slack would read for markup. */
const markup = (blocks: readonly object[]): string => JSON.stringify(blocks);

describe('what Slack would refuse is never sent', () => {
  it('for any view, with its buttons', () => {
    fc.assert(
      fc.property(view, (shown) => {
        const blocks = viewBlocks(shown);
        expect(refused({ text: viewText(shown), blocks })).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('for any job in any state with any result', () => {
    fc.assert(
      fc.property(fc.record({ work: job, result: view, shown: card, offered: action }), ({ work, result, shown, offered }) => {
        const { actions } = shown;
        const next = offerButtons(actions, [{ ...offered, id: 'vm.start' }], { things: { vm: 'x'.repeat(36) } });
        expect(refused(jobContent(work, { user: 'U1', view: result, next }))).toBeUndefined();
        expect(refused(jobContent(work, { user: '<!channel>' }))).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('for any form with any input so far', () => {
    fc.assert(
      fc.property(action, fc.dictionary(fc.constantFrom('f1', 'f2', 'memoryBytes', 'hidden'), fc.anything()), (described, input) => {
        const known = JSON.parse(JSON.stringify(input)) as Record<string, unknown>;
        const meta = { channel: 'C1', threadTs: null, responseUrl: `https://hooks.example/${'x'.repeat(150)}` };
        expect(refuseView(formView(described, { input: known, meta, problem: 'x'.repeat(9_000) }), 'modal')).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('for any question', () => {
    fc.assert(
      fc.property(anyText(), fc.array(anyText(), { maxLength: 60 }), fc.constantFrom('disrupt', 'destroy'), (text, sentences, risk) => {
        const plan = { sentences, facts: {} };
        const target = { kind: 'vm', id: '1', name: text };
        const asked = {
          token: 't'.repeat(200),
          action: 'vm.delete',
          title: text,
          risk,
          target,
          plan,
          by: 'actor',
          expiresAt: 1e12,
        } as const;
        expect(refused(confirmationContent(asked, { user: 'U1', label: text }))).toBeUndefined();
        expect(refused(settledContent(text, text))).toBeUndefined();
      }),
      RUNS,
    );
  });

  it('for the help of any actions, and for any slip', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), anyText(), fc.array(anyText(), { maxLength: 9 }), (actions, words, suggestions) => {
        expect(refused(helpContent(actions))).toBeUndefined();
        expect(
          refused(
            unknownContent(
              words,
              suggestions.filter((text) => text !== ''),
            ),
          ),
        ).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

describe('the help', () => {
  it('begins with the noun with which most can be done', () => {
    const [one] = fc.sample(action, { numRuns: 1, seed: 1 });
    const actions = ['audit.list', 'vm.create', 'vm.list'].map((id) => ({ ...one!, id, title: id }));
    const text = JSON.stringify(helpContent(actions).blocks);
    expect(text.indexOf('vm create')).toBeLessThan(text.indexOf('audit list'));
  });
});

describe('the help of a hub with many plugins', () => {
  it('stays within what Slack takes, and names what it leaves out', () => {
    const [one] = fc.sample(action, { numRuns: 1, seed: 1 });
    const actions = Array.from({ length: 70 }, (_, at) => ({ ...one!, id: `noun${at}.list`, title: 'List' }));
    const content = helpContent(actions);
    expect(refused(content)).toBeUndefined();
    expect(JSON.stringify(content.blocks)).toContain('noun69');
  });
});

describe('what people wrote stays text', () => {
  it('cannot mention, link, or leave a code block', () => {
    fc.assert(
      fc.property(view, (shown) => {
        expect(markup(viewBlocks(shown))).not.toMatch(/<[!@#h]/);
      }),
      RUNS,
    );
    const [block] = viewBlocks({ text: '', code: 'a ``` *b* <!here>' });
    expect(JSON.stringify(block).match(/```/g)).toHaveLength(2);
  });

  it('never cuts an entity or an emoji in two', () => {
    const [block] = viewBlocks({ text: `${'x'.repeat(1_997)}<<<<` });
    expect(JSON.stringify(block)).toMatch(/x…"/);
    expect(cut(`${'x'.repeat(9)}👍👍`, 11)).toBe(`${'x'.repeat(9)}…`);
  });
});

describe('tables', () => {
  it('stand in columns, numbers to the right', () => {
    const lines = tableLines({
      columns: ['Name', 'CPU'],
      rows: [
        ['web-1', '5 %'],
        ['db', '100 %'],
      ],
    });
    expect(lines).toEqual(['Name     CPU', 'web-1    5 %', 'db     100 %']);
  });

  it('say how many rows were left off, and never show half a row', () => {
    const rows = Array.from({ length: 200 }, (_, index) => [`machine-${index}`, '<running>']);
    const [table, note] = viewBlocks({ text: '', table: { columns: ['Name', 'State'], rows } });
    const lines = (table as { text: { text: string } }).text.text.split('\n');
    expect(lines.at(-2)).toMatch(/^machine-\d+ +&lt;running&gt;$/);
    expect(JSON.stringify(note)).toMatch(/\d+ more rows/);
  });

  it('say so when they are empty', () => {
    expect(JSON.stringify(viewBlocks({ text: '', table: { columns: ['Name'], rows: [] } }))).toContain('Nothing to show');
  });
});

describe('cards and progress', () => {
  it('show the state with a sign for its tone', () => {
    const blocks = cardBlocks({ title: 'web-1', state: { text: 'running', tone: 'good' }, fields: [], actions: [] });
    expect(JSON.stringify(blocks)).toContain('🟢 running');
  });

  it('draw progress between nothing and all', () => {
    expect(progressBar(0.5)).toBe('▰▰▰▰▰▰▱▱▱▱▱▱ 50 %');
    expect(progressBar(7)).toBe('▰▰▰▰▰▰▰▰▰▰▰▰ 100 %');
  });
});

describe('offers', () => {
  const resize = {
    id: 'vm.resize',
    plugin: 'p',
    title: 'Resize',
    label: 'Resize',
    help: null,
    risk: 'disrupt',
    positional: [],
    examples: [],
    usage: '',
    fields: [formField('vcpus', { type: 'integer' })],
  } as const;

  it('open a form where a press alone would mean nothing', () => {
    expect(asksMore(resize, {})).toBe(true);
    expect(asksMore(resize, { vcpus: 2 })).toBe(false);
    expect(asksMore({ ...resize, fields: [formField('purge', { type: 'boolean', default: false })] }, {})).toBe(false);
    expect(asksMore({ ...resize, risk: 'read' }, {})).toBe(false);
  });

  it('are made of suggestions as far as the person may do them, in the words of the suggestion', () => {
    const suggestions = [
      { action: 'vm.resize', label: 'Give it 2 vCPUs', input: { vcpus: 2 } },
      { action: 'vm.migrate', label: 'Move it', input: {} },
    ];
    const [button, ...others] = suggestionButtons(suggestions, [resize]);
    expect(button).toMatchObject({ text: { text: 'Give it 2 vCPUs' }, value: '{"action":"vm.resize","input":{"vcpus":2}}' });
    expect(others).toEqual([]);
  });

  it('read nothing but what the bot wrote', () => {
    for (const value of [undefined, '', 'x', 'null', '[]', '{}', '{"action":1,"input":{}}', '{"action":"a"}'])
      expect(readOffer(value)).toBeUndefined();
    expect(readOffer('{"action":"vm.start","input":{"vm":"1"}}')).toEqual({ action: 'vm.start', input: { vm: '1' } });
  });
});
