import { join } from 'node:path';
import hypervisor from '../../../plugins/hypervisor/index.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { startLibvirtHost, type LibvirtHost } from '../../kit/libvirt-host.ts';
import { tinyImage } from '../../kit/tiny-image.ts';
import { until } from '../../kit/collect.ts';
import { TINY_READY } from '../../../core/setup/tiny-image.ts';
import type { Plugin } from 'novacron/plugin';
import type { VmView } from '../../../plugins/hypervisor/views.ts';

export type Vm = VmView;

/** The plugin with the config that makes it use this host only. */
export async function onHost(host: LibvirtHost, more: Record<string, unknown> = {}) {
  const { kernelPath, initrdPath } = await tinyImage();
  return {
    plugin: hypervisor,
    config: {
      hosts: [{ name: 'local', uri: host.uri }],
      poolDir: join(host.dir, 'novacron'),
      tiny: { kernelPath, initrdPath },
      accelerator: 'tcg',
      deleteGraceSeconds: 5,
      ...more,
    },
  };
}

export interface Lab extends AsyncDisposable {
  readonly host: LibvirtHost;
  readonly hub: TestHub;
}

/** A libvirt host (of its own unless one is given, which then ends with it) and a hub that uses it. */
export async function startLab(more: Record<string, unknown> = {}, others: readonly Plugin[] = [], given?: LibvirtHost): Promise<Lab> {
  const stack = new AsyncDisposableStack();
  try {
    const host = stack.use(given ?? (await startLibvirtHost()));
    const hub = stack.use(await startTestHub({ plugins: [await onHost(host, more), ...others] }));
    return { host, hub, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

export const consoleOf = async (hub: TestHub, vm: string): Promise<string> =>
  ((await hub.run('vm.console.read', { vm, bytes: 65_536 })) as { text: string }).text;

/** Waits until the built-in image says on its console that it is up. */
export const untilUp = (hub: TestHub, vm: string): Promise<void> =>
  until(`${vm} is up`, async () => (await consoleOf(hub, vm)).includes(TINY_READY), 50_000);

export const vmsOf = async (hub: TestHub, input: object = {}, actor = hub.as('admin')): Promise<Vm[]> =>
  ((await hub.run('vm.list', input, actor)) as unknown as { vms: Vm[] }).vms;
