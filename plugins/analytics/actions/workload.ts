import { HubError, ref } from 'novacron/plugin';
import { z } from 'zod';
import { formatValue } from '../../charts/port.ts';
import type { AnalyticsTools } from '../config.ts';
import { WORKLOAD_CLASSES, type Workload } from '../port.ts';
import { createWorkloads } from '../workload/workloads.ts';

const LIST_MAX = 500;

const Vm = z.object({ id: z.string(), name: z.string() });
const WorkloadView = z.object({
  vm: Vm,
  class: z.enum(WORKLOAD_CLASSES),
  also: z.array(z.enum(WORKLOAD_CLASSES)),
  evidence: z.array(z.string()),
  days: z.number(),
  cpuMean: z.number(),
  cpuP95: z.number(),
  profile: z.array(z.number()).meta({ description: 'Mean CPU by hour (UTC): 24 of a weekday, then 24 of a weekend' }),
  rhythm: z.number(),
});

const toView = ({ also, evidence, profile, ...workload }: Workload): z.output<typeof WorkloadView> => ({
  ...workload,
  also: [...also],
  evidence: [...evidence],
  profile: [...profile],
});

const tenantOf = ({ role, tenant }: { role: string; tenant: string }): string | null => (role === 'admin' ? null : tenant);

const showWorkload = ({ action }: AnalyticsTools) =>
  action({
    title: 'Show what kind of work a VM does',
    label: 'Workload',
    help: 'Idle, steady, daily, weekly, bursty, growing, leaking or batch, with the reasons; whose days look alike; and who makes it wait.',
    risk: 'read',
    input: z.object({ vm: z.string().min(1).max(200).meta({ title: 'VM', picker: 'vm' }) }),
    output: WorkloadView.extend({
      lookAlikes: z.array(z.object({ vm: Vm, likeness: z.number() })),
      neighbours: z.array(z.object({ vm: Vm, for: z.enum(['cpu', 'disk']), correlation: z.number(), text: z.string() })),
    }),
    positional: ['vm'],
    examples: ['workload show web-1'],
    target: ({ vm }) => ref('vm', vm),
    async run({ services, clock, signal, actor, target }) {
      if (target === null) throw new HubError('vm_unknown', 'There is no such VM.', { status: 404 });
      const workloads = createWorkloads({ ...services, clock });
      const [workload] = await workloads.classify([target.id], signal);
      if (workload === undefined)
        throw new HubError(
          'workload_history_short',
          `Too little was measured of '${target.name}' in the last two weeks: two days are needed.`,
          {
            status: 422,
          },
        );
      const tenant = tenantOf(actor);
      // Neighbours of other tenants make it wait too, but who they are is not for everybody.
      const visible = (services.hypervisor?.vms() ?? []).filter((vm) => tenant === null || vm.tenant === tenant).map(({ id }) => id);
      const lookAlikes = await workloads.lookAlikes(target.id, visible.slice(0, LIST_MAX), signal);
      const neighbours = await workloads.neighbours(target.id, signal);
      return {
        ...toView(workload),
        lookAlikes: [...lookAlikes],
        neighbours: neighbours.filter(({ vm }) => visible.includes(vm.id)),
      };
    },
    show: ({ vm, class: name, evidence, lookAlikes, neighbours }) => {
      const alike = lookAlikes.map((one) => `${one.vm.name} (${formatValue(one.likeness, 'ratio')})`).join(', ');
      const lines = [
        `${vm.name} is ${name}. ${evidence.join(' ')}`,
        ...(alike === '' ? [] : [`Its days look like those of ${alike}.`]),
        ...neighbours.map(({ text }) => text),
      ];
      return { text: lines.join(' ') };
    },
  });

const listWorkloads = ({ action }: AnalyticsTools) =>
  action({
    title: 'List what kind of work each VM does',
    label: 'Workloads',
    help: 'Of those that were measured for two days at least.',
    risk: 'read',
    input: z.object({ class: z.enum(WORKLOAD_CLASSES).optional().meta({ title: 'Class' }) }),
    output: z.object({ workloads: z.array(WorkloadView), unknown: z.int().meta({ description: 'VMs with too little history' }) }),
    positional: ['class'],
    examples: ['workload list', 'workload list idle'],
    timeoutMs: 120_000,
    async run({ services, clock, signal, actor }, { class: wanted }) {
      const tenant = tenantOf(actor);
      const ids = (services.hypervisor?.vms() ?? [])
        .filter((vm) => tenant === null || vm.tenant === tenant)
        .map(({ id }) => id)
        .slice(0, LIST_MAX);
      const all = await createWorkloads({ ...services, clock }).classify(ids, signal);
      const workloads = all.filter((each) => wanted === undefined || each.class === wanted).map(toView);
      return { workloads, unknown: ids.length - all.length };
    },
    show: ({ workloads, unknown }) => {
      const rest = unknown > 0 ? ` Of ${unknown} too little is known.` : '';
      if (workloads.length === 0) return { text: `There is no such VM.${rest}` };
      const rows = workloads.map(({ vm, class: name, cpuMean, cpuP95, evidence }) => [
        vm.name,
        name,
        formatValue(cpuMean, 'ratio'),
        formatValue(cpuP95, 'ratio'),
        evidence[0] ?? '',
      ]);
      return { text: `${workloads.length} VMs.${rest}`, table: { columns: ['VM', 'Class', 'CPU', 'p95', 'Why'], rows } };
    },
  });

export const workloadActions = (tools: AnalyticsTools) => ({
  'workload.show': showWorkload(tools),
  'workload.list': listWorkloads(tools),
});
