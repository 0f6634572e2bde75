import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Incident, Notification, Signal } from '../../../../plugins/monitoring/port.ts';

export const NOW = Date.UTC(2026, 0, 5, 12);

export const signalOf = (more: Partial<Signal> = {}): Signal => ({
  key: 'disk/vm/web/vda',
  state: 'firing',
  rule: { id: 'disk', title: 'Disk is full soon' },
  severity: 'critical',
  subject: { kind: 'vm', id: 'web', name: 'web-1', device: 'vda', tenant: 'default' },
  at: NOW,
  since: NOW - 60_000,
  summary: 'Disk vda of <web-1> is full in 5 h.',
  values: { usedRatio: 0.91 },
  labels: { team: 'storage', 'not a label': 'x' },
  ...more,
});

export function incidentOf(more: Partial<Incident> = {}): Incident {
  const signal = signalOf();
  return {
    id: 'INC-7',
    title: signal.summary,
    severity: 'critical',
    state: 'open',
    tenant: 'default',
    subject: signal.subject,
    openedAt: NOW - 60_000,
    resolvedAt: null,
    acknowledgedBy: null,
    assignee: null,
    snoozedUntil: null,
    silencedBy: null,
    partOf: null,
    isFlapping: false,
    signals: [signal],
    actions: [{ action: 'vm.disk.grow', label: 'Grow the disk', input: { vm: 'web' } }],
    ...more,
  };
}

export const notificationOf = (more: Partial<Notification> & { readonly incident?: Incident } = {}): Notification => {
  const { incident = incidentOf(), ...rest } = more;
  return {
    id: 'INC-7/1/opened/x/y',
    key: 'INC-7/x/y',
    why: 'opened',
    about: { is: 'incident', incident },
    to: 'y',
    picture: null,
    receipt: null,
    attempt: 1,
    ...rest,
  };
};

export interface Heard {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Listener extends AsyncDisposable {
  readonly url: string;
  readonly heard: Heard[];
  /** What the next call is answered with. */
  answer: number;
}

/** A real HTTP server on loopback that keeps what it hears. */
export async function listen(): Promise<Listener> {
  const heard: Heard[] = [];
  const listener = { heard, answer: 200 };
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      heard.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(parts).toString() });
      if (listener.answer === 0) return void request.socket.destroy();
      response.writeHead(listener.answer, listener.answer === 302 ? { location: '/elsewhere' } : {}).end('noted\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return Object.assign(listener, {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}
