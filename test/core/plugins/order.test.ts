import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, defineService, optional, type Plugin, type ServiceRef } from '../../../core/contract.ts';
import { startOrder } from '../../../core/plugins/order.ts';

const service = (id: string): ServiceRef<unknown> => defineService(id);
const plugin = (name: string, { needs = [], provides = [] }: { needs?: string[]; provides?: string[] } = {}): Plugin =>
  definePlugin(
    {
      name,
      api: 1,
      config: z.object({}),
      needs: Object.fromEntries(needs.map((id) => [id, service(id)])),
      provides: Object.fromEntries(provides.map((id) => [id, service(id)])),
    },
    () => ({ start: () => ({}) }),
  );
const names = (plugins: readonly Plugin[]): string[] => plugins.map(({ name }) => name);
const code = (work: () => unknown): string => {
  try {
    work();
    return 'no error';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('the start order of plugins', () => {
  it('names the plugin that needs what nobody provides', () => {
    expect(() => startOrder([plugin('a', { needs: ['x'] })], new Set())).toThrow(/'a' needs 'x'/);
  });

  it('names all plugins of a cycle', () => {
    const circle = [
      plugin('a', { needs: ['c'], provides: ['a'] }),
      plugin('b', { needs: ['a'], provides: ['b'] }),
      plugin('c', { needs: ['b'], provides: ['c'] }),
    ];
    expect(() => startOrder(circle, new Set())).toThrow(/'a' → 'c' → 'b' → 'a'/);
  });

  it('refuses two providers of one service, and a provider of what the core provides', () => {
    expect(code(() => startOrder([plugin('a', { provides: ['x'] }), plugin('b', { provides: ['x'] })], new Set()))).toBe(
      'plugin_provides_twice',
    );
    expect(code(() => startOrder([plugin('a', { provides: ['core.jobs'] })], new Set(['core.jobs'])))).toBe('plugin_provides_twice');
  });

  it('puts an optional provider first when there is one, and does without it when there is none', () => {
    const user = definePlugin(
      { name: 'user', api: 1, config: z.object({}), needs: { disk: optional(service('disk')) }, provides: {} },
      () => ({}),
    );
    expect(names(startOrder([user, plugin('disk', { provides: ['disk'] })], new Set()))).toEqual(['disk', 'user']);
    expect(names(startOrder([user], new Set()))).toEqual(['user']);
  });

  it('puts providers first and keeps the given order otherwise', () => {
    const given = [plugin('z'), plugin('user', { needs: ['disk'] }), plugin('a'), plugin('disk', { provides: ['disk'] })];
    expect(names(startOrder(given, new Set()))).toEqual(['z', 'disk', 'user', 'a']);
  });
});
