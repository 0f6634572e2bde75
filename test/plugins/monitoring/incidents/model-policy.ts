import { incidentsConfig, policyOf } from '../../../../plugins/monitoring/incidents/config.ts';
import type { Topology } from '../../../../plugins/monitoring/incidents/record.ts';

export const VM_HOST: Readonly<Record<string, string>> = { v1: 'h1', v2: 'h1', v3: 'h1', v4: 'h2' };

export const topology: Topology = {
  parentsOf: ({ kind, id }) => (kind === 'vm' && VM_HOST[id] !== undefined ? [`host/${VM_HOST[id]}`] : []),
  childrenOf: ({ kind, id }) => (kind === 'host' ? Object.keys(VM_HOST).flatMap((vm) => (VM_HOST[vm] === id ? [`vm/${vm}`] : [])) : []),
};

/** Critical things escalate through a rotation; hosts are told to two places at once; the rest has reminders. */
export const policy = policyOf(
  incidentsConfig.parse({
    people: {
      admin: [{ channel: 'chat', to: 'admin' }],
      operator: [
        { channel: 'chat', to: 'operator' },
        { channel: 'mail', to: 'operator@example.org' },
      ],
    },
    rotations: { primary: { startsOn: '2026-01-05', everyDays: 1, timeZone: 'Europe/Berlin', people: ['admin', 'operator'] } },
    receivers: {
      default: [{ channel: 'chat', to: '#ops' }],
      hosts: [
        { channel: 'chat', to: '#ops' },
        { channel: 'mail', to: 'hosts@example.org' },
      ],
    },
    escalations: {
      urgent: [
        { afterSeconds: 600, tell: [{ rotation: 'primary' }] },
        { afterSeconds: 900, tell: [{ channel: 'mail', to: 'boss@example.org' }] },
      ],
    },
    route: {
      receiver: 'default',
      repeatSeconds: 24 * 3600,
      routes: [
        { name: 'critical', match: ['severity=critical'], escalation: 'urgent', repeatSeconds: 0, continue: true },
        { name: 'hosts', match: ['kind=host'], receiver: 'hosts', groupWaitSeconds: 30 },
      ],
    },
  }),
);
