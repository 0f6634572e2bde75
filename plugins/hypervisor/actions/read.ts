import { HubError, ref, type Action } from 'novacron/plugin';
import { z } from 'zod';
import { readConsole } from '../console.ts';
import { isTrashed, type VmEntry } from '../inventory.ts';
import { tag, vmRef } from '../names.ts';
import { entryOf, hostOf, runtimeOf, type HypervisorTools } from '../runtime.ts';
import { vmFacts } from '../facts.ts';
import { formatBytes } from '../sizes.ts';
import { vmCard, vmTable, vmView, VmView } from '../views.ts';

const ROWS_MAX = 1000;

export const listVms = ({ action }: HypervisorTools): Action =>
  action({
    title: 'List VMs',
    label: 'VMs',
    help: 'All VMs that you may see, those made by others included.',
    risk: 'read',
    input: z.object({
      text: z.string().max(200).default('').meta({ title: 'Text', description: 'Part of a name or tag' }),
      state: z.string().max(20).optional().meta({ title: 'State', description: 'running, shut-off, paused …' }),
      tag: tag.optional().meta({ title: 'Tag' }),
      host: z.string().max(63).optional().meta({ title: 'Host', picker: 'host' }),
      tenant: z
        .string()
        .max(63)
        .optional()
        .meta({ title: 'Tenant', description: 'Only of this tenant; of another one than yours you see nothing' }),
      trash: z.boolean().default(false).meta({ title: 'Trash', description: 'Those in the trash instead' }),
      rowsMax: z.int().min(1).max(ROWS_MAX).default(200).meta({ title: 'At most' }),
    }),
    output: z.object({ vms: z.array(VmView), total: z.int() }),
    positional: ['text'],
    examples: ['vm list', 'vm list web', 'vm list --state running', 'vm list --trash'],
    async run(ctx, { rowsMax, ...wanted }) {
      const seenBy = ctx.actor.role === 'admin' ? null : ctx.actor.tenant;
      const found = runtimeOf(ctx)
        .inventory.all()
        .filter((vm) => isSeen(vm, seenBy) && fits(vm, wanted));
      return { vms: found.slice(0, rowsMax).map(vmView), total: found.length };
    },
    show: ({ vms, total }, { trash }) => {
      const where = trash ? ' in the trash' : '';
      if (total === 0) return { text: trash ? 'The trash is empty.' : 'There is no such VM. To make one: vm create NAME' };
      const more = total > vms.length ? ` Shown are ${vms.length}.` : '';
      return { text: `${total} ${total === 1 ? 'VM' : 'VMs'}${where}.${more}`, table: vmTable(vms) };
    },
  });

interface Wanted {
  readonly text: string;
  readonly state?: string | undefined;
  readonly tag?: string | undefined;
  readonly host?: string | undefined;
  readonly tenant?: string | undefined;
  readonly trash: boolean;
}

/** The wall: by people of one tenant its own, and those that belong to nobody yet; `null`: by an admin. It stands whatever is asked for. */
const isSeen = ({ tenant }: Pick<VmEntry, 'tenant'>, seenBy: string | null): boolean =>
  seenBy === null || tenant === null || tenant === seenBy;

const fits = (vm: VmEntry, { text, state, tag, host, tenant, trash }: Wanted): boolean =>
  isTrashed(vm) === trash &&
  (state === undefined || vm.state === state) &&
  (tag === undefined || vm.tags.includes(tag)) &&
  (host === undefined || vm.host === host) &&
  (tenant === undefined || vm.tenant === tenant) &&
  matches(vm, text);

export const matches = ({ name, tags, id }: VmEntry, text: string): boolean => {
  const wanted = text.toLowerCase();
  return (
    name.toLowerCase().includes(wanted) ||
    tags.some((tag) => tag.toLowerCase().includes(wanted)) ||
    (wanted !== '' && id.startsWith(wanted))
  );
};

const VmDetails = VmView.extend({
  image: z.string().nullable(),
  /** Epoch milliseconds. */
  createdAt: z.number().nullable(),
  startedAt: z.number().nullable(),
  /** What is in the trash: since when, and whether it is started again at a restore. */
  trash: z.object({ at: z.number(), wasRunning: z.boolean() }).nullable(),
  disks: z.array(
    z.object({
      device: z.string(),
      kind: z.string(),
      path: z.string().nullable(),
      format: z.string(),
      capacityBytes: z.number().nullable(),
    }),
  ),
  networks: z.array(z.string()),
  addresses: z.array(z.string()),
  /** Where the host differs from what the hub recorded. */
  drift: z.array(z.object({ field: z.string(), recorded: z.string(), actual: z.string() })),
});

export const getVm = ({ action }: HypervisorTools): Action =>
  action({
    title: 'Show a VM',
    label: 'VM',
    help: 'State, size, disks and addresses of a VM, and where its host differs from what was recorded.',
    risk: 'read',
    input: z.object({ vm: vmRef }),
    output: VmDetails,
    positional: ['vm'],
    examples: ['vm get web-1'],
    target: ({ vm }) => ref('vm', vm),
    async run(ctx) {
      const runtime = runtimeOf(ctx);
      const entry = entryOf(runtime, ctx.target);
      const { image, createdAt, startedAt, trash, networks, drift } = entry;
      const facts = await vmFacts(runtime, entry, ctx.signal);
      return {
        ...vmView(entry),
        image,
        createdAt,
        startedAt,
        trash: trash && { at: trash.at, wasRunning: trash.wasRunning },
        disks: facts.disks,
        networks: [...networks],
        addresses: facts.addresses,
        drift: drift.map((difference) => ({ ...difference })),
      };
    },
    show: (vm) => ({
      text: `'${vm.name}' is ${vm.state} on host ${vm.host}.${vm.drift.length > 0 ? ' Its host differs from what was recorded.' : ''}`,
      card: vmCard(vm, detailFields(vm)),
    }),
  });

/** The part of a card that needs a look at the host. */
export function detailFields(vm: Pick<z.infer<typeof VmDetails>, 'disks' | 'addresses' | 'drift'>): { label: string; value: string }[] {
  const disks = vm.disks.map(({ device, capacityBytes }) => (capacityBytes === null ? device : `${device} ${formatBytes(capacityBytes)}`));
  const drift = vm.drift.map(({ field, recorded, actual }) => `${field}: ${actual} instead of ${recorded}`);
  return [
    ...(disks.length > 0 ? [{ label: 'Disks', value: disks.join(', ') }] : []),
    ...(vm.addresses.length > 0 ? [{ label: 'Address', value: vm.addresses.join(', ') }] : []),
    ...(drift.length > 0 ? [{ label: 'Drift', value: drift.join('; ') }] : []),
  ];
}

const CONSOLE_BYTES_MAX = 64 * 1024;
const LISTEN_MS = 2_000;

export const readConsoleOfVm = ({ action }: HypervisorTools): Action =>
  action({
    title: "Read a VM's console",
    label: 'Console',
    help: 'The last lines of the serial console since the last start.',
    risk: 'read',
    input: z.object({
      vm: vmRef,
      bytes: z.int().min(1).max(CONSOLE_BYTES_MAX).default(4096).meta({ title: 'Bytes', description: 'How much of its end' }),
    }),
    output: z.object({ vm: z.string(), text: z.string(), live: z.boolean() }),
    positional: ['vm'],
    examples: ['vm console read web-1', 'vm console read web-1 --bytes 500'],
    target: ({ vm }) => ref('vm', vm),
    async run(ctx, { bytes }) {
      const runtime = runtimeOf(ctx);
      const { id, name, host, consoleLogPath, managed } = entryOf(runtime, ctx.target);
      // Whose console that is, nobody has said yet.
      if (!managed && ctx.actor.role !== 'admin')
        throw new HubError('vm_unmanaged', `'${name}' was made by others; an admin must adopt it first.`, { status: 409 });
      const at = { link: hostOf(runtime, { host }), id, name };
      const options = { logPath: consoleLogPath, bytesMax: bytes, listenMs: LISTEN_MS, signal: ctx.signal };
      return { vm: name, ...(await readConsole(at, options)) };
    },
    show: ({ vm, text, live }) =>
      text.trim() === ''
        ? { text: live ? `'${vm}' said nothing on its console while we listened.` : `'${vm}' has said nothing on its console yet.` }
        : { text: `Console of '${vm}':`, code: text },
  });
