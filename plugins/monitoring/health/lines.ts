import type { Actor, HubCheck, LatestSample } from 'novacron/plugin';
import type { HostStatus, VmStatus } from '../../hypervisor/port.ts';
import { formatValue } from '../format.ts';
import { formatSeconds } from '../rules/signals.ts';
import type { HealthConfig } from './config.ts';
import { isDown, type AgentState, type ServiceState } from './watch.ts';

/** One thing, how it is, and what to do about it. */
export interface HealthLine {
  readonly area: 'hub' | 'host' | 'pool' | 'vm' | 'agent' | 'service' | 'rule' | 'people';
  readonly name: string;
  readonly state: 'good' | 'warn' | 'bad';
  readonly text: string;
  /** What to do next; `null` when all is well. */
  readonly next: string | null;
}

const POOL_WARN_RATIO = 0.85;
const POOL_BAD_RATIO = 0.95;
const STALE_MS = 900_000;

const good = (area: HealthLine['area'], name: string, text: string): HealthLine => ({ area, name, state: 'good', text, next: null });

export interface Measuring {
  /** The newest sample of each host. */
  readonly samples: readonly LatestSample[];
  readonly now: number;
  /** One that was not measured for so long does not answer, whatever its connection says. */
  readonly staleMs: number;
}

export function hostLines(hosts: readonly HostStatus[], vms: readonly VmStatus[], { samples, now, staleMs }: Measuring): HealthLine[] {
  const measuredAt = new Map(samples.map(({ entity, at }) => [entity, at]));
  return hosts.map(({ id, name, state }) => {
    const silentMs = now - (measuredAt.get(id) ?? now);
    if (state.is === 'connected' && silentMs > staleMs)
      return {
        area: 'host',
        name,
        state: 'bad',
        text: `is connected, but was not measured for ${formatSeconds(silentMs / 1000)}`,
        next: 'Its libvirtd hangs, or its disk does. See whether virsh list answers on it; restart libvirtd there (its guests run on).',
      };
    if (state.is === 'connected') return good('host', name, 'connected');
    const count = vms.filter((vm) => vm.host === id && vm.state === 'unknown').length;
    return {
      area: 'host',
      name,
      state: 'bad',
      text: `does not answer: ${state.reason}${count > 0 ? `; ${count} VMs on it are not known` : ''}`,
      next: 'Check its power, its network and libvirtd on it. The hub keeps trying, and finds its VMs again by itself.',
    };
  });
}

export function vmLines(vms: readonly VmStatus[]): HealthLine[] {
  return vms.flatMap(({ name, state }): HealthLine[] => {
    if (state === 'crashed')
      return [
        {
          area: 'vm',
          name,
          state: 'bad',
          text: 'crashed',
          next: `Read its console, then start it: vm console read ${name}; vm start ${name}`,
        },
      ];
    if (state === 'missing')
      return [
        {
          area: 'vm',
          name,
          state: 'bad',
          text: 'its host no longer has it',
          next: `Somebody removed it behind the back of the hub. Restore it from a backup, or forget it: vm delete ${name}`,
        },
      ];
    if (state === 'paused') return [{ area: 'vm', name, state: 'warn', text: 'paused', next: `Let it go on: vm resume ${name}` }];
    return state === 'running' ? [good('vm', name, 'running')] : [];
  });
}

export function agentLines(vms: readonly VmStatus[], agents: ReadonlyMap<string, AgentState>): HealthLine[] {
  return vms.flatMap(({ id, name, state }): HealthLine[] => {
    const agent = agents.get(id);
    if (state !== 'running' || agent === undefined || !agent.answered) return [];
    if (agent.answers) return [good('agent', name, 'answers')];
    return [
      {
        area: 'agent',
        name,
        state: 'warn',
        text: `does not answer any more: ${agent.reason ?? ''}`,
        next: 'See in the guest whether qemu-guest-agent runs, or whether the guest hangs.',
      },
    ];
  });
}

export function poolLines(hosts: readonly HostStatus[], samples: readonly LatestSample[], now: number): HealthLine[] {
  const names = new Map(hosts.map(({ id, name }) => [id, name]));
  return samples.flatMap(({ entity, device = '', at, values }): HealthLine[] => {
    const host = names.get(entity);
    const ratio = values['allocatedRatio'];
    if (host === undefined || ratio == null || now - at > STALE_MS) return [];
    const text = `${formatValue(Math.round(ratio * 1000) / 1000, 'ratio')} taken`;
    const name = `${host} ${device}`;
    if (ratio < POOL_WARN_RATIO) return [good('pool', name, text)];
    const next = 'Empty the trash, delete volumes that nobody needs, or make the pool larger. A full pool stops every guest that writes.';
    return [{ area: 'pool', name, state: ratio < POOL_BAD_RATIO ? 'warn' : 'bad', text, next }];
  });
}

function serviceNext({ check }: ServiceState): string {
  if (check.help !== undefined) return check.help;
  switch (check.is) {
    case 'tcp':
      return `See whether something listens on ${check.address}, and whether a firewall is between.`;
    case 'http':
      return `Open ${check.url} from the hub and read the service's log.`;
    case 'certificate':
      return `Renew the certificate of ${check.address}, and let the service read it.`;
  }
}

export function serviceLines(services: readonly ServiceState[], config: HealthConfig): HealthLine[] {
  return services.map((state): HealthLine => {
    const { check, result } = state;
    const { name } = check;
    if (result === null) return good('service', name, 'not asked yet');
    if (result.ok) return good('service', name, result.text);
    return { area: 'service', name, state: isDown(state, config) ? 'bad' : 'warn', text: result.text, next: serviceNext(state) };
  });
}

function hubNext(name: string): string {
  if (name.startsWith('plugin ')) return `Read the reason, put it right in plugins.json or on the machine, and restart the hub.`;
  if (name === 'postgresql') return 'See whether PostgreSQL runs and whether its disk is full.';
  if (name === 'jobs') return 'See what the open jobs wait for: job list.';
  return 'Read the log of the hub; see whether its disk is full.';
}

/** What is wrong in the hub may name paths and hosts: only admins read it. */
export function hubLines(checks: readonly HubCheck[], { role }: Pick<Actor, 'role'>): HealthLine[] {
  const bad = checks.filter(({ ok }) => !ok);
  if (role === 'admin')
    return checks.map(({ name, ok, detail }) =>
      ok ? good('hub', name, 'well') : { area: 'hub', name, state: 'bad', text: detail ?? 'not well', next: hubNext(name) },
    );
  if (bad.length === 0) return [good('hub', 'hub', 'well')];
  return [
    { area: 'hub', name: 'hub', state: 'bad', text: `${bad.length} of its ${checks.length} parts are not well`, next: 'Tell an admin.' },
  ];
}

export const shadowLines = (sentences: readonly string[]): HealthLine[] =>
  sentences.map((text) => ({ area: 'rule', name: 'of one name', state: 'warn', text, next: 'Give it another name, or remove it.' }));

export function ruleLines(troubles: ReadonlyMap<string, string>): HealthLine[] {
  return [...troubles].map(([name, text]) => ({
    area: 'rule',
    name,
    state: 'warn',
    text,
    next: 'Put it right; until then what it was when it was last right counts, or nothing.',
  }));
}
