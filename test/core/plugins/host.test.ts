import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { definePlugin, defineService, optional, type Plugin } from '../../../core/contract.ts';
import { createLog } from '../../../core/log.ts';
import { PluginHost } from '../../../core/plugins/host.ts';
import { withConfig } from '../../../core/plugins/load.ts';
import { createTestClock } from '../../kit/clock.ts';

const Disk = defineService<{ read(): string }>('disk');
const dataDir = mkdtempSync(join(tmpdir(), 'novacron-host-'));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function hostOf(plugins: readonly Plugin[], startTimeoutMs = 1_000): Promise<PluginHost> {
  return new PluginHost({
    plugins: await Promise.all(plugins.map((plugin) => withConfig(plugin, { file: 'plugins.json', raw: {} }))),
    core: {},
    coreFor: {},
    clock: createTestClock(),
    log: createLog({ level: 'silent' }),
    dataDir,
    startTimeoutMs,
    prepare: async () => {},
    onChange: () => {},
  });
}

const head = { api: 1 as const, config: z.object({}), needs: {}, provides: {} };
const stateOf = (host: PluginHost, name: string): string => host.status().get(name)?.is ?? 'absent';
const errorOf = (host: PluginHost, name: string): { code: string; message: string } => {
  const status = host.status().get(name);
  if (status?.is !== 'failed') throw new Error(`'${name}' has not failed.`);
  return status.error;
};

describe('a plugin that fails', () => {
  it('takes along those that need it, by name, and leaves the others running', async () => {
    const broken = definePlugin({ ...head, name: 'broken', provides: { disk: Disk } }, () => ({
      start: () => {
        throw new Error('no disk in the drive');
      },
    }));
    const needy = definePlugin({ ...head, name: 'needy', needs: { disk: Disk } }, () => ({}));
    const fine = definePlugin({ ...head, name: 'fine' }, () => ({}));
    const host = await hostOf([needy, broken, fine]);
    await host.start();
    expect(errorOf(host, 'broken')).toMatchObject({ code: 'plugin_start', message: expect.stringContaining('no disk in the drive') });
    expect(errorOf(host, 'needy').code).toBe('plugin_needs_failed');
    expect(stateOf(host, 'fine')).toBe('started');
    expect(() => host.base('broken')).toThrow(/not running.*no disk/);
  });

  it('is not there for those that can do without it', async () => {
    const broken = definePlugin({ ...head, name: 'broken', provides: { disk: Disk } }, () => ({
      start: () => {
        throw new Error('no disk in the drive');
      },
    }));
    const seen: unknown[] = [];
    const modest = definePlugin({ ...head, name: 'modest', needs: { disk: optional(Disk) } }, () => ({
      start({ services }) {
        seen.push(services.disk?.read());
        return {};
      },
    }));
    const host = await hostOf([modest, broken]);
    await host.start();
    expect([stateOf(host, 'modest'), seen]).toEqual(['started', [undefined]]);
  });

  it('is given up by name when its start hangs', async () => {
    const host = await hostOf([definePlugin({ ...head, name: 'sleepy' }, () => ({ start: () => new Promise(() => {}) }))], 50);
    await host.start();
    expect(errorOf(host, 'sleepy')).toMatchObject({ code: 'plugin_timeout', message: expect.stringContaining("'sleepy'") });
  });

  it('is told that it does not return what it promised', async () => {
    const host = await hostOf([definePlugin({ ...head, name: 'liar', provides: { disk: Disk } }, () => ({ start: () => ({}) as never }))]);
    await host.start();
    expect(errorOf(host, 'liar').code).toBe('plugin_shape');
  });

  it('may be one that declares a risky action without a plan', async () => {
    const reckless = definePlugin({ ...head, name: 'reckless' }, ({ action }) => ({
      actions: {
        'disk.wipe': action({
          title: 'Wipe',
          label: 'Wipe',
          risk: 'destroy',
          input: z.object({}),
          output: z.null(),
          run: async () => null,
        }),
      },
    }));
    expect(errorOf(await hostOf([reckless]), 'reckless')).toMatchObject({
      code: 'plugin_declaration',
      message: expect.stringContaining('plan'),
    });
  });
});

describe('start and stop', () => {
  it('hands on services, and stops in reverse with the last deferred first', async () => {
    const order: string[] = [];
    const disk = definePlugin({ ...head, name: 'disk', provides: { disk: Disk } }, () => ({
      start: ({ defer }) => {
        defer(() => void order.push('disk 1'));
        defer(() => void order.push('disk 2'));
        return { disk: { read: () => 'bits' } };
      },
    }));
    const reader = definePlugin({ ...head, name: 'reader', needs: { disk: Disk } }, () => ({
      start: ({ services, defer }) => {
        order.push(services.disk.read());
        defer(() => void order.push('reader'));
        return {};
      },
    }));
    const host = await hostOf([reader, disk]);
    await host.start();
    await host.stop();
    expect(order).toEqual(['bits', 'reader', 'disk 2', 'disk 1']);
  });

  it('goes on stopping when a clean-up throws', async () => {
    const order: string[] = [];
    const messy = definePlugin({ ...head, name: 'messy' }, () => ({
      start: ({ defer }) => {
        defer(() => void order.push('first'));
        defer(() => {
          throw new Error('stuck');
        });
        return {};
      },
    }));
    const host = await hostOf([messy]);
    await host.start();
    await host.stop();
    expect(order).toEqual(['first']);
  });
});
