import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connectSandbox, elementsIn, textOf, type SandboxClient } from '../../bots/sandbox/client.ts';
import type { Message } from '../../bots/sandbox/protocol.ts';
import { until } from '../kit/collect.ts';
import { diskSizeInGuest, runInGuest } from '../kit/guest-agent.ts';
import { startLibvirtHost } from '../kit/libvirt-host.ts';
import { tinyImage } from '../kit/tiny-image.ts';
import { timed } from '../lab/pace.ts';
import { startHubProcess, type HubProcess } from '../smoke/hub-process.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
const LIMIT_MS = 120_000;
const VM = 'web-1';
const DISK_MIB = 64;
/** How full the guest's disk is when the story begins, after three days at an even pace. */
const BEGIN_MIB = 53;
const PACE_MIB_PER_HOUR = 0.7;
const HISTORY_HOURS = 72;

/** The shipped rules about disks, judged every other second instead of every half minute, so that nobody has to wait. */
const RULES = `
rules:
  disk-full-soon:
    title: Disk full soon
    severity: warning
    metric: vm.disk.allocationBytes
    condition: { is: offered, kind: forecast, settings: { above: 0.9, of: capacityBytes, withinSeconds: 43200 } }
    actions: [{ action: vm.disk.grow, label: Grow the disk, input: { vm: '{id}', device: '{device}', size: '{of*1.5}' } }]
  disk-nearly-full:
    title: Disk nearly full
    severity: critical
    metric: vm.disk.allocationBytes
    of: capacityBytes
    condition: { is: threshold, above: 0.9, resolveAt: 0.85 }
    actions: [{ action: vm.disk.grow, label: Grow the disk, input: { vm: '{id}', device: '{device}', size: '{of*1.5}' } }]
`;

export interface ForesightFigures {
  /** From the last sample of the history to the message in the chat. */
  readonly foreseenMs: number;
  /** What the forecast said: hours until the disk is nine tenths full. */
  readonly foreseenHours: number;
  /** From the guest's last write to the incident's second signal, that of the threshold. */
  readonly thresholdMs: number;
  /** From the press of the button to the larger disk in the guest. */
  readonly grownMs: number;
  /** From then to the message that says it is over. */
  readonly resolvedMs: number;
  readonly reportMs: number;
  /** Messages of the incident in the channel: one, edited. */
  readonly messages: number;
  readonly pictures: number;
  readonly timelineEntries: number;
  readonly grafanaPoints: number;
  readonly grafanaAnnotations: number;
}

type Tell = (line: string) => void;

/** Plays the story once and returns its figures; throws when anything of it is not as it should be. */
export async function foresee(dir: string, tell: Tell): Promise<ForesightFigures> {
  const image = await tinyImage();
  await using host = await startLibvirtHost();
  const rulesFile = join(dir, 'rules.yaml');
  await writeFile(rulesFile, RULES);
  const plugins = {
    hypervisor: { hosts: [{ name: 'local', uri: host.uri }], poolDir: join(host.dir, 'pool'), accelerator: 'tcg' },
    monitoring: {
      everySeconds: 1,
      rules: { everySeconds: 2, file: rulesFile },
      incidents: { route: { receiver: 'default', groupWaitSeconds: 0 }, editEverySeconds: 1 },
    },
    analytics: { forecastRuleSeconds: 4 },
  };
  await using hub = await startHubProcess({ dir, plugins, imagesDir: dirname(dirname(image.kernelPath)) });
  const people = await connectPeople(hub);
  try {
    const reason = 'The demo has quicker ones.';
    for (const rule of ['analytics.disk-full-soon', 'monitoring.vm-disk']) await hub.change('alert.disable', { rule, reason });
    return await play({ hub, uri: host.uri, dir, tell, ...people });
  } finally {
    for (const client of Object.values(people)) client.close();
  }
}

interface Stage extends People {
  readonly hub: HubProcess;
  readonly uri: string;
  readonly dir: string;
  readonly tell: Tell;
}

interface People {
  readonly operator: SandboxClient;
  readonly viewer: SandboxClient;
}

async function connectPeople({ chatUrl }: HubProcess): Promise<People> {
  const connect = async (user: string): Promise<SandboxClient> => {
    const client = await connectSandbox({ pageUrl: chatUrl, user });
    await client.waitFor(({ app }) => (app.connected ? true : undefined));
    return client;
  };
  return { operator: await connect('U0OPERATOR'), viewer: await connect('U0VIEWER') };
}

async function play(stage: Stage): Promise<ForesightFigures> {
  const { hub, uri, operator, viewer, tell } = stage;
  tell(`${VM} boots and fills ${BEGIN_MIB} of ${DISK_MIB} MiB.`);
  await hub.change('vm.create', { name: VM });
  await until(
    'the guest is up',
    async () => JSON.stringify(await hub.read('vm.console.read', { vm: VM })).includes('NOVACRON-TINY READY'),
    LIMIT_MS,
  );
  await runInGuest(uri, VM, `dd if=/dev/urandom of=/dev/vda bs=1M count=${BEGIN_MIB} conv=fsync`);
  await until('the disk is measured', async () => (await allocatedMib(hub)) >= BEGIN_MIB, LIMIT_MS);

  await giveHistory(stage);
  const historyAt = performance.now();
  const message = await viewer.waitForMessage((one) => reads(one, 'INC-1', '90 %'), AbortSignal.timeout(LIMIT_MS));
  const foreseenMs = performance.now() - historyAt;
  const foreseenHours = Number(/reaches 90 % in ([\d.]+) h/.exec(textOf(message))?.[1] ?? Number.NaN);
  tell(`Foreseen: ${textOf(message).split('\n')[0]}`);
  assert(Number.isFinite(foreseenHours), 'The message says in how many hours the disk is full.');
  await viewer.waitForMessage(({ threadTs, files }) => threadTs === message.ts && files.length > 0, AbortSignal.timeout(LIMIT_MS));

  tell('The guest goes on writing: the threshold speaks up as well, in the same incident.');
  await runInGuest(uri, VM, `dd if=/dev/urandom of=/dev/vda bs=1M seek=${BEGIN_MIB} count=6 conv=fsync`);
  const thresholdMs = await timed(() => until('the threshold fires', async () => (await signalsOf(hub)).length === 2, LIMIT_MS));
  const rules = (await signalsOf(hub)).toSorted((a, b) => a.since - b.since).map(({ rule }) => rule.id);
  assert(rules[0] === 'disk-full-soon' && rules[1] === 'disk-nearly-full', `The forecast came first: ${rules.join(', ')}.`);

  tell('Who only looks is refused; an operator is asked, and confirms.');
  const asked = await viewer.waitForMessage((one) => one.ts === message.ts && buttonOf(one, 'Grow the disk') !== undefined);
  await viewer.press(asked, buttonOf(asked, 'Grow the disk') ?? '');
  await viewer.waitForMessage((one) => one.ephemeralFor === 'U0VIEWER' && /action_unknown|permission_denied|vm_unknown/.test(textOf(one)));
  const beganAt = performance.now();
  await operator.press(asked, buttonOf(asked, 'Grow the disk') ?? '');
  const question = await operator.waitForMessage((one) => buttonOf(one, 'Yes') !== undefined, AbortSignal.timeout(LIMIT_MS));
  assert(textOf(question).includes('grows from 64 MiB to 96 MiB'), 'The plan says from what to what it grows.');
  await operator.press(question, buttonOf(question, 'Yes') ?? '');
  await until('the guest sees the larger disk', async () => (await diskSizeInGuest(uri, VM, 'vda')) === 96 * MIB, LIMIT_MS);
  const grownMs = performance.now() - beganAt;

  tell('The disk has grown inside the guest; the incident ends.');
  const resolvedMs = await timed(() =>
    viewer.waitForMessage((one) => one.ts === message.ts && reads(one, '✅', 'Resolved'), AbortSignal.timeout(LIMIT_MS)),
  );
  return { foreseenMs, foreseenHours, thresholdMs, grownMs, resolvedMs, ...(await review(stage, message)) };
}

/** What is left of it: the timeline, the notebook, the panel. All must tell the same story. */
async function review(
  { hub, viewer, tell }: Stage,
  message: Message,
): Promise<Omit<ForesightFigures, 'foreseenMs' | 'foreseenHours' | 'thresholdMs' | 'grownMs' | 'resolvedMs'>> {
  const { timeline } = await hub.read<{ timeline: readonly { readonly kind: string; readonly text: string }[] }>('incident.show', {
    incident: 'INC-1',
  });
  const kinds = new Set(timeline.map(({ kind }) => kind));
  for (const kind of ['opened', 'signal', 'told', 'action', 'resolved']) assert(kinds.has(kind), `The timeline has an entry "${kind}".`);
  tell('The review is written.');
  const reportMs = await timed(() => hub.change('report.run', { report: 'incident-review', with: ['incident=INC-1'] }));
  const notebook = JSON.stringify(await hub.fetch('/api/v1/reports/runs/incident-review/ipynb'));
  for (const part of ['INC-1', VM, 'reaches 90 %', 'Disk nearly full', 'Let a disk of a VM grow'])
    assert(notebook.includes(part), `The review says "${part}".`);
  const { vms } = await hub.read<{ vms: readonly { readonly id: string }[] }>('vm.list', {});
  const [from, to] = [Date.now() - HISTORY_HOURS * HOUR_MS, Date.now()];
  const query = { refId: 'A', kind: 'metric', metric: 'vm.disk.allocationBytes', targets: vms.map(({ id }) => id), aggregate: 'max' };
  const panel = (await hub.fetch('/api/v1/grafana/query', {
    method: 'POST',
    body: { from, to, maxDataPoints: 500, intervalMs: 600_000, queries: [query] },
  })) as {
    frames: readonly { readonly data: { readonly values: readonly (readonly unknown[])[] } }[];
  };
  const notes = (await hub.fetch(`/api/v1/grafana/annotations?from=${from}&to=${to}`)) as {
    annotations: readonly { readonly title: string }[];
  };
  const grafanaAnnotations = notes.annotations.filter(({ title }) => title.includes('INC-1')).length;
  assert(grafanaAnnotations > 0, 'The panel shows the incident.');
  const inChannel = viewer.state.messages.filter((one) => one.threadTs === null && reads(one, 'INC-1'));
  const inThread = viewer.state.messages.filter(({ threadTs }) => threadTs === message.ts);
  assert(inChannel.length === 1, `One incident, one message; there are ${inChannel.length}.`);
  return {
    reportMs,
    messages: inChannel.length,
    pictures: inThread.flatMap(({ files }) => files).length,
    timelineEntries: timeline.length,
    grafanaPoints: panel.frames[0]?.data.values[0]?.length ?? 0,
    grafanaAnnotations,
  };
}

/** Three days before the story, generated: the guest's disk filled at an even pace up to what it really holds now. */
async function giveHistory({ hub, dir }: Stage): Promise<void> {
  const { id } = await hub.read<{ id: string }>('vm.get', { vm: VM });
  const to = Math.floor(Date.now() / 300_000) * 300_000 - 300_000;
  const lines: string[] = [];
  for (let at = to - HISTORY_HOURS * HOUR_MS; at < to; at += 300_000) {
    const mib = BEGIN_MIB - ((to - at) / HOUR_MS) * PACE_MIB_PER_HOUR;
    lines.push(`${at},${id},vda,${Math.round(mib * MIB)},${DISK_MIB * MIB}`);
  }
  const file = join(dir, 'disk-history.csv');
  await writeFile(file, `at,entity,device,allocationBytes,capacityBytes\n${lines.join('\n')}\n`);
  await hub.change('metrics.import', { table: 'vm.disk', file });
}

async function allocatedMib(hub: HubProcess): Promise<number> {
  const frame = await hub.read<{ fields: readonly { readonly type: string; readonly values: readonly unknown[] }[] }>('metrics.query', {
    metric: 'vm.disk.allocationBytes',
    targets: [VM],
    from: '-1m',
    aggregate: 'last',
  });
  const values = frame.fields.find(({ type }) => type === 'number')?.values ?? [];
  return Number(values.at(-1) ?? 0) / MIB;
}

interface SignalSeen {
  readonly rule: { readonly id: string };
  readonly since: number;
}

const signalsOf = async (hub: HubProcess): Promise<readonly SignalSeen[]> =>
  (await hub.read<{ incident: { signals: readonly SignalSeen[] } }>('incident.show', { incident: 'INC-1' })).incident.signals;

const reads = (message: Message, ...parts: readonly string[]): boolean => parts.every((part) => textOf(message).includes(part));

const buttonOf = (message: Message, label: string): string | undefined =>
  elementsIn(message).find((element) => element.label?.startsWith(label))?.actionId;

function assert(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`Not so: ${what}`);
}
