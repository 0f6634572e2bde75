import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, type AlertRule } from '../../../core/contract.ts';
import { checkDeclarations } from '../../../core/plugins/declarations.ts';

const good: AlertRule = {
  title: 'Full',
  severity: 'warning',
  metric: 'box.fullRatio',
  condition: { is: 'threshold', above: 0.9, resolveAt: 0.8 },
};

const declare = (key: string, rule: object): void =>
  checkDeclarations(
    definePlugin({ name: 'boxes', api: 1, config: z.object({}), needs: {}, provides: {} }, () => ({
      alerts: { [key]: rule as AlertRule },
    })),
  );

describe('a rule that a plugin declares', () => {
  it('is plain data that says all it needs', () => {
    expect(() => declare('box-full', good)).not.toThrow();
    expect(() =>
      declare('box-sql', { title: 'SQL', severity: 'info', condition: { is: 'sql', sql: 'select 1', kind: 'box', above: 1 } }),
    ).not.toThrow();
    expect(() => declare('box-moon', { ...good, condition: { is: 'offered', kind: 'moon', settings: {} } })).not.toThrow();
  });

  it.each([
    ['Box', good, /kebab-case/],
    ['box', { ...good, title: '' }, /title/],
    ['box', { ...good, severity: 'loud' }, /severity 'loud'/],
    ['box', { ...good, metric: 'fullRatio' }, /<table>\.<metric>/],
    ['box', { ...good, metric: undefined }, /names no metric/],
    ['box', { ...good, forSeconds: -1 }, /forSeconds/],
    ['box', { ...good, condition: { is: 'threshold' } }, /above.*below/],
    ['box', { ...good, condition: { is: 'threshold', above: 1, below: 0 } }, /above.*below/],
    ['box', { ...good, condition: { is: 'threshold', below: 1, resolveAt: 0.5 } }, /resolveAt/],
    ['box', { ...good, condition: { is: 'rate', above: 1 } }, /windowSeconds/],
    ['box', { ...good, condition: { is: 'absence', seconds: 0 } }, /how many seconds/],
    ['box', { ...good, condition: { is: 'moon' } }, /unknown condition/],
  ])('%s %j is refused by name', (key, rule, message) => {
    expect(() => declare(key, rule)).toThrow(message);
    expect(() => declare(key, rule)).toThrow(/Plugin 'boxes'/);
  });
});
