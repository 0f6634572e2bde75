import { describe, expect, it } from 'vitest';
import { incidentsConfig, policyOf } from '../../../../plugins/monitoring/incidents/config.ts';
import { checkReach } from '../../../../plugins/monitoring/incidents/explain.ts';
import { labelsOf, matchesAll, parseMatcher, readMatcher } from '../../../../plugins/monitoring/incidents/matchers.ts';
import { judgeRoutes, routesFor } from '../../../../plugins/monitoring/incidents/routes.ts';
import { signalOf } from '../channels/notifications.ts';

const fits = (matcher: string, labels: Record<string, string>) => matchesAll([parseMatcher(matcher)], labels);

describe('a matcher', () => {
  it.each([
    ['name=web-1', { name: 'web-1' }, true],
    ['name=web-1', { name: 'web-12' }, false],
    ['name=web-*', { name: 'web-' }, true],
    ['name=*-db-*', { name: 'a-db-1' }, true],
    ['name=*-db-*', { name: 'a-db' }, false],
    ['name=a*a', { name: 'a' }, false],
    ['name!=web-*', { name: 'web-1' }, false],
    ['name!=web-*', {}, true],
    ['team=', {}, true],
    ['team=*', {}, true],
    [' severity = critical ', { severity: 'critical' }, true],
  ])('%s on %j: %s', (matcher, labels, expected) => {
    expect(fits(matcher, labels)).toBe(expected);
  });

  it('that is a regular expression elsewhere, or nothing at all, is refused', () => {
    for (const text of ['name=~web.*', 'name!~x', 'name', '=x', '', `name=${'x'.repeat(300)}`]) expect(readMatcher(text)).toBeUndefined();
    expect(() => parseMatcher('name=~x')).toThrow(/Write severity=critical/);
  });

  it('takes no longer for a wicked pattern', () => {
    const startedAt = performance.now();
    expect(fits(`name=${'*a'.repeat(90)}b`, { name: 'a'.repeat(10_000) })).toBe(false);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('sees the facts of a signal, which its own labels cannot change', () => {
    const labels = labelsOf(signalOf({ labels: { severity: 'info', team: 'storage' } }));
    expect(labels).toMatchObject({
      severity: 'critical',
      kind: 'vm',
      name: 'web-1',
      device: 'vda',
      tenant: 'default',
      rule: 'disk',
      team: 'storage',
    });
  });
});

describe('routes', () => {
  const policy = policyOf(
    incidentsConfig.parse({
      people: { admin: [{ channel: 'email', to: 'admin@example.org' }] },
      rotations: { primary: { startsOn: '2026-01-05', people: ['admin'] } },
      receivers: { default: [{ channel: 'slack', to: '#ops' }], db: [{ rotation: 'primary' }], machine: [{ channel: 'webhook', to: 'x' }] },
      escalations: { urgent: [{ afterSeconds: 60, tell: [{ person: 'admin' }] }] },
      route: {
        receiver: 'default',
        repeatSeconds: 0,
        routes: [
          { name: 'log', match: ['severity=critical'], receiver: 'machine', continue: true },
          {
            name: 'db',
            match: ['name=db-*'],
            receiver: 'db',
            escalation: 'urgent',
            routes: [{ name: 'db-night', match: ['severity=critical'], repeatSeconds: 3600 }],
          },
          { name: 'robots', match: ['kind=robot'], receiver: 'machine' },
        ],
      },
    }),
  );
  const names = (labels: Record<string, string>) => routesFor(policy.root, labels).map(({ name }) => name);

  it('give a signal to the first child that fits, to more where a child continues, and to the root what nobody wants', () => {
    expect(names({ name: 'web', severity: 'warning' })).toEqual(['root']);
    expect(names({ name: 'web', severity: 'critical' })).toEqual(['log']);
    expect(names({ name: 'db-1', severity: 'warning' })).toEqual(['db']);
    expect(names({ name: 'db-1', severity: 'critical' })).toEqual(['log', 'db-night']);
  });

  it('inherit what they do not say', () => {
    const [night] = routesFor(policy.root, { name: 'db-1', severity: 'critical' }).slice(1);
    expect(night).toMatchObject({ receiver: 'db', escalation: 'urgent', repeatMs: 3_600_000, groupWaitMs: 5_000 });
    expect(policy.root.repeatMs).toBeNull();
  });

  it('say which matcher did not fit', () => {
    const verdicts = judgeRoutes(policy.root, { name: 'web', severity: 'warning', kind: 'vm' });
    expect(verdicts.map(({ route, fits, takes }) => [route.name, fits, takes])).toEqual([
      ['root', true, true],
      ['log', false, false],
      ['db', false, false],
      ['robots', false, false],
    ]);
    expect(verdicts[2]?.failed).toEqual({ label: 'name', negated: false, pattern: 'db-*' });
  });

  it('that end at programs, or at a channel that is not there, reach nobody', () => {
    const channel = (name: string) => [name, { name, edits: false, deliver: async () => ({ receipt: '' }) }] as const;
    const facts = (kind: string, name: string) => ({
      ...signalOf({ severity: 'warning' }),
      subject: { kind, id: name, name, tenant: null },
    });
    const all = new Map([channel('email'), channel('webhook')]);
    expect(checkReach(policy, facts('robot', 'r'), all)).toMatchObject({
      reaches: [],
      problem: 'webhook x: "webhook" is read by programs',
    });
    expect(checkReach(policy, facts('vm', 'web'), all)).toMatchObject({ problem: 'slack #ops: there is no channel "slack" now' });
    expect(checkReach(policy, facts('vm', 'db-1'), all)).toMatchObject({ reaches: ['rotation primary (admin)', 'admin'], problem: null });
  });

  it('whose names come twice are refused', () => {
    const twice = incidentsConfig.safeParse({ route: { receiver: 'default', routes: [{ name: 'a' }, { name: 'a' }] } });
    expect(twice.error?.issues[0]?.message).toBe('two routes are called "a"');
  });
});
