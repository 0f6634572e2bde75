import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../../../core/contract/schema.ts';
import { formatBytes, formatFigure, labelOf } from '../../../core/surfaces/figures.ts';
import { viewLines } from '../../../core/surfaces/terminal.ts';
import { defaultView, viewOf } from '../../../core/surfaces/view.ts';

const plain = { color: false } as const;

describe('the default view of a result', () => {
  it('has an answer for every JSON value, and lines for every view', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const view = defaultView('Thing', value as Json);
        expect(typeof view.text).toBe('string');
        expect(viewLines(view, { color: true, columnsMax: 40 }).every((line) => typeof line === 'string')).toBe(true);
      }),
    );
  });

  it('shows an object as a card with figures in their unit', () => {
    expect(
      defaultView('VM', { name: 'web-1', state: 'running', memoryBytes: 2 ** 29, cpuRatio: 0.125, createdAt: 0, tags: ['a', 'b'] }),
    ).toEqual({
      text: 'web-1',
      card: {
        title: 'web-1',
        state: { text: 'running', tone: 'good' },
        fields: [
          { label: 'Memory', value: '512 MiB' },
          { label: 'CPU', value: '12.5 %' },
          { label: 'Created', value: '1970-01-01 00:00:00 UTC' },
          { label: 'Tags', value: 'a, b' },
        ],
        actions: [],
      },
    });
  });

  it('shows rows, a list inside an object, and a frame as tables', () => {
    expect(defaultView('VMs', [{ name: 'a' }, { name: 'b', vcpus: 2 }]).table).toEqual({
      columns: ['Name', 'vCPUs'],
      rows: [
        ['a', '–'],
        ['b', '2'],
      ],
    });
    expect(defaultView('VMs', { vms: [{ name: 'a' }] })).toEqual({ text: '1 row', table: { columns: ['Name'], rows: [['a']] } });
    const frame = {
      fields: [
        { name: 'time', type: 'time', values: [0] },
        { name: 'value', type: 'number', unit: 'ratio', values: [0.5] },
      ],
      truncated: true,
    };
    expect(defaultView('Query', frame)).toMatchObject({
      text: '1 row (more were left off)',
      table: { rows: [['1970-01-01 00:00:00 UTC', '50 %']] },
    });
  });

  it('offers nothing that no plugin has, and shows no head of an empty table', () => {
    const grow = { action: 'vm.disk.grow', label: 'Grow it', input: {} };
    const show = () => ({ text: 'advice', table: { columns: ['a'], rows: [] }, suggestions: [grow, { ...grow, action: 'vm.teleport' }] });
    const of = (...ids: string[]) =>
      viewOf({ title: 't', label: 'l', show }, null, { input: {}, offers: (action) => ids.includes(action) });
    expect(of('vm.disk.grow')).toEqual({ text: 'advice', suggestions: [grow] });
    expect(of()).toEqual({ text: 'advice' });
  });

  it('is the one the action declares when it declares one', () => {
    expect(viewOf({ title: 't', label: 'l', show: () => ({ text: 'mine' }) }, null, { input: {}, offers: () => true })).toEqual({
      text: 'mine',
    });
  });
});

describe('lines for a terminal', () => {
  it('give suggestions as commands that can be typed', () => {
    const suggestions = [{ action: 'vm.disk.grow', label: 'Grow the disk', input: { vm: "it's", size: '20G', tags: ['a', 'b'] } }];
    expect(viewLines({ text: '', suggestions }, { color: false })).toEqual([
      "Grow the disk: novacron vm disk grow --vm 'it'\\''s' --size 20G --tags a,b",
    ]);
  });

  it('lets no control character through', () => {
    const hostile = '\u001b[2J\u001b]0;title\u0007\u202eevil\u0000\r\b';
    const lines = viewLines(
      { text: hostile, code: hostile, table: { columns: [hostile], rows: [[hostile]] }, card: { title: hostile, fields: [], actions: [] } },
      plain,
    );
    expect(lines.join('\n')).not.toMatch(/(?!\n)[\p{Cc}\u202e]/u);
  });

  it('aligns columns, figures to the right, and cuts at the width', () => {
    const table = {
      columns: ['Name', 'Memory'],
      rows: [
        ['web-1', '512 MiB'],
        ['漢字', '1 GiB'],
      ],
    };
    expect(viewLines({ text: '', table }, plain)).toEqual(['Name    Memory', 'web-1  512 MiB', '漢字     1 GiB']);
    expect(viewLines({ text: '', table }, { ...plain, columnsMax: 8 })).toEqual(['Name   …', 'web-1  …', '漢字   …']);
  });
});

describe('figures', () => {
  it('are written with their unit', () => {
    expect([0, 1, 1536, 2 ** 30, -(2 ** 20)].map(formatBytes)).toEqual(['0 B', '1 B', '1.5 KiB', '1 GiB', '-1 MiB']);
    expect(formatFigure('waitMs', 1500)).toBe('1.5 s');
    expect(formatFigure('stepSeconds', 7200)).toBe('2 h');
    expect(formatFigure('x', 0.1 + 0.2)).toBe('0.3');
    expect(['vm', 'cpuTimeSeconds', 'receiveBytes', 'vcpus', 'hostId'].map(labelOf)).toEqual([
      'VM',
      'CPU time',
      'Receive',
      'vCPUs',
      'Host ID',
    ]);
  });
});
