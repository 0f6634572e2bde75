import { expect, it } from 'vitest';
import { createAlertmanager } from '../../../../plugins/monitoring/channels/alertmanager.ts';
import { incidentOf, notificationOf, signalOf } from './notifications.ts';
import { runAlertmanager } from './prometheus-processes.ts';

interface Alert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly endsAt: string;
}

it('a real Alertmanager has one alert for each signal, whose labels stay the same until it ends', async () => {
  await using alertmanager = await runAlertmanager();
  const channel = createAlertmanager({ main: { url: `${alertmanager.url}/` } }, { now: () => Date.now() });
  const at = Date.now();
  const signals = [
    signalOf({ since: at, at }),
    signalOf({ key: 'cpu', rule: { id: 'cpu', title: 'CPU' }, severity: 'warning', since: at, at }),
  ];
  const tell = (incident: Parameters<typeof incidentOf>[0]) =>
    channel.deliver(notificationOf({ to: 'main', incident: incidentOf(incident) }), AbortSignal.timeout(20_000));
  const alerts = async (): Promise<readonly Alert[]> =>
    (await fetch(`${alertmanager.url}/api/v2/alerts`)).json() as Promise<readonly Alert[]>;

  expect(await tell({ signals })).toEqual({ receipt: 'HTTP 200' });
  await tell({ signals });
  const shown = await alerts();
  expect(new Set(shown.map(({ labels }) => labels['alertname']))).toEqual(new Set(['cpu', 'disk']));
  expect(shown.find(({ labels }) => labels['alertname'] === 'disk')).toMatchObject({
    labels: { severity: 'critical', kind: 'vm', name: 'web-1', device: 'vda', tenant: 'default', incident: 'INC-7', team: 'storage' },
    annotations: { summary: 'Disk vda of <web-1> is full in 5 h.' },
  });

  await tell({ signals: [signals[0] ?? signalOf(), { ...(signals[1] ?? signalOf()), state: 'resolved', at: Date.now() }] });
  await expect.poll(async () => (await alerts()).map(({ labels }) => labels['alertname'])).toEqual(['disk']);
  await tell({ signals, state: 'resolved', resolvedAt: Date.now() });
  await expect.poll(alerts).toEqual([]);
});
