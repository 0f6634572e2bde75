import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import monitoring from '../../../../plugins/monitoring/index.ts';
import { Incidents } from '../../../../plugins/monitoring/port.ts';
import { ask, tokenFor } from '../../../core/http/client.ts';
import { until } from '../../../kit/collect.ts';
import { startTestHub, type TestHub } from '../../../kit/hub.ts';
import { createFakeHypervisor, hostScrape } from '../fake-hypervisor.ts';
import { listen, type Listener } from './notifications.ts';
import { runPrometheus } from './prometheus-processes.ts';

let incidents: Incidents;
const probe = definePlugin({ name: 'probe', api: 1, config: z.object({}), needs: { incidents: Incidents }, provides: {} }, () => ({
  start({ services }) {
    incidents = services.incidents;
    return {};
  },
}));

let hub: TestHub;
let dead: Listener;
beforeAll(async () => {
  dead = await listen();
  const hypervisor = createFakeHypervisor({ hosts: ['h1'], vms: { web: 'default' }, scrape: async () => hostScrape(Date.now(), []) });
  const config = { incidents: { deadMan: { url: `${dead.url}/alive`, everySeconds: 5 } } };
  hub = await startTestHub({ plugins: [hypervisor.plugin, { plugin: monitoring, config }, probe] });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await dead[Symbol.asyncDispose]();
});

const send = async (path: string, body: unknown, role: 'viewer' | 'operator' | null = 'operator') =>
  ask(`${hub.url}/api/v1/monitoring/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(role && { token: await tokenFor(hub, role) }),
  });
const byRule = async (rule: string) => (await incidents.list({})).find(({ signals }) => signals.some((signal) => signal.rule.id === rule));

describe('alerts from elsewhere', () => {
  it('come from a real Prometheus, with the thing that their labels name', async () => {
    await using prometheus = await runPrometheus({ url: hub.url, token: await tokenFor(hub, 'operator') });
    expect(prometheus.url).toContain('127.0.0.1');
    await until('its alert has come', async () => (await byRule('prometheus.AlwaysWrong')) !== undefined, 15_000);
    expect(await byRule('prometheus.AlwaysWrong')).toMatchObject({
      title: 'It is always wrong.',
      severity: 'critical',
      subject: { kind: 'vm', id: 'web', name: 'name-of-web', tenant: 'default' },
      signals: [{ state: 'firing', labels: { vm: 'name-of-web' } }],
    });
  });

  it('end when Prometheus says so, and stand for themselves when they name nothing of ours', async () => {
    const alert = {
      labels: { alertname: 'Disk', instance: 'db:9100' },
      annotations: { description: 'full' },
      startsAt: new Date().toISOString(),
    };
    expect(await send('api/v2/alerts', [{ ...alert, endsAt: '0001-01-01T00:00:00Z' }])).toMatchObject({ status: 200, body: { taken: 1 } });
    expect(await byRule('prometheus.Disk')).toMatchObject({
      title: 'full',
      state: 'open',
      subject: { kind: 'alert', name: 'Disk db:9100', tenant: 'default' },
    });
    await send('api/v2/alerts', [{ ...alert, endsAt: new Date(Date.now() - 1_000).toISOString() }]);
    expect(await byRule('prometheus.Disk')).toMatchObject({ state: 'resolved' });
  });

  it('come from a Grafana webhook', async () => {
    const alert = {
      status: 'firing',
      labels: { alertname: 'Slow', severity: 'info' },
      annotations: { summary: 'slow' },
      startsAt: '2026-01-05T12:00:00Z',
    };
    const body = {
      receiver: 'hub',
      status: 'firing',
      version: '1',
      alerts: [{ ...alert, fingerprint: 'f1', values: { A: 3.5, B: null } }],
    };
    expect(await send('grafana/alerts', body)).toMatchObject({ status: 200 });
    expect(await byRule('grafana.Slow')).toMatchObject({ severity: 'info', signals: [{ values: { A: 3.5 } }] });
    await send('grafana/alerts', { ...body, alerts: [{ ...alert, status: 'resolved', fingerprint: 'f1', values: null }] });
    expect(await byRule('grafana.Slow')).toMatchObject({ state: 'resolved' });
  });

  it('are refused from strangers, from those who may only look, and when they are not as they should be', async () => {
    expect(await send('api/v2/alerts', [], null)).toMatchObject({ status: 401 });
    expect(await send('api/v2/alerts', [], 'viewer')).toMatchObject({ status: 403, body: { code: 'permission_denied' } });
    for (const body of ['{', { alerts: [] }, [{ labels: { a: 1 } }], [{ labels: {}, startsAt: 'soon' }]])
      expect(await send('api/v2/alerts', body)).toMatchObject({ status: 400, body: { code: 'alerts_invalid' } });
  });
});

describe("the dead man's switch", () => {
  it('is called while the hub goes on, and no more when it has stopped', async () => {
    await until('it was called', () => dead.heard.length > 0);
    expect(dead.heard[0]).toMatchObject({ path: '/alive', body: '{"state":"alive"}' });
    await hub[Symbol.asyncDispose]();
    const { length } = dead.heard;
    await new Promise((resolve) => setTimeout(resolve, 5_500));
    expect(dead.heard).toHaveLength(length);
  });
});
