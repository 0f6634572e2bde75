import { describe, expect, test } from 'vitest';
import { HubError, type Log, type SampleBatch } from 'novacron/plugin';
import type { HostScrape } from '../../../plugins/hypervisor/port.ts';
import { collect } from '../../../plugins/monitoring/collector.ts';
import { createFakeHypervisor, hostScrape, vmScrape, vmStatus } from './fake-hypervisor.ts';

interface Run {
  readonly written: SampleBatch[];
  readonly logged: string[];
  readonly scrapes: Map<string, number>;
}

/** Collects from the hosts until `isEnough`, then stops; resolves when all collectors have ended. */
async function collectUntil(
  scrapeOf: Readonly<Record<string, (nth: number, signal: AbortSignal) => Promise<HostScrape>>>,
  isEnough: (run: Run) => boolean,
): Promise<Run> {
  const run: Run = { written: [], logged: [], scrapes: new Map() };
  const stop = new AbortController();
  const check = (): void => {
    if (isEnough(run)) stop.abort();
  };
  const { port } = createFakeHypervisor({
    hosts: Object.keys(scrapeOf),
    vms: { a: 'default' },
    async scrape(host, signal) {
      const nth = (run.scrapes.get(host) ?? 0) + 1;
      run.scrapes.set(host, nth);
      check();
      return scrapeOf[host]!(nth, signal);
    },
  });
  const say = (level: string) => (fields: object, message: string) =>
    void run.logged.push(`${level}: ${message} ${'host' in fields ? String(fields.host) : ''}`);
  const log: Log = { debug() {}, info: say('info'), warn: say('warn'), error: say('error') };
  const write = async (_: string, batches: readonly SampleBatch[]): Promise<void> => {
    run.written.push(...batches);
    check();
  };
  await collect({ hypervisor: port, metrics: { write }, log, everyMs: 2, timeoutMs: 20, surveyEveryMs: 10, signal: stop.signal });
  return run;
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

const good = async (nth: number): Promise<HostScrape> => hostScrape(nth * 10_000, [vmScrape('a')]);
const hostRows = (run: Run, host: string): number =>
  run.written.filter(({ table, rows }) => table === 'host' && rows[0]?.entity === host).length;

describe('collecting', () => {
  test('a host that never answers delays no other, and its beats are skipped, not piled up', async () => {
    let open = 0;
    let openMost = 0;
    const dead = async (_: number, signal: AbortSignal): Promise<never> => {
      openMost = Math.max(openMost, ++open);
      return untilAborted(signal).finally(() => open--);
    };
    const run = await collectUntil({ dead, alive: good }, (run) => hostRows(run, 'alive') >= 5);
    expect(openMost).toBe(1);
    expect(hostRows(run, 'dead')).toBe(0);
    expect(open).toBe(0);
  });

  test('a host that fails is told once, and again when it is back', async () => {
    const flaky = async (nth: number): Promise<HostScrape> => {
      if (nth <= 3) throw new HubError('host_unreachable', 'It does not answer.', { status: 503, retryable: true });
      return good(nth);
    };
    const run = await collectUntil({ flaky }, (run) => hostRows(run, 'flaky') >= 2);
    expect(run.logged).toEqual(['warn: a host is not measured flaky', 'info: a host is measured again flaky']);
  });

  test('an answer that comes after its time is not written', async () => {
    let gotLate = false;
    const late = async (nth: number, signal: AbortSignal): Promise<HostScrape> => {
      if (nth > 1) return good(nth);
      await untilAborted(signal).catch(() => null);
      gotLate = true;
      return hostScrape(1, [vmScrape('late')]);
    };
    const run = await collectUntil({ late }, (run) => hostRows(run, 'late') >= 1);
    expect(gotLate).toBe(true);
    expect(run.written.some(({ at }) => at === 1)).toBe(false);
  });

  test('one scrape is one write of all its tables', async () => {
    const run = await collectUntil({ h1: good }, (run) => hostRows(run, 'h1') >= 1);
    expect(run.written.slice(0, 4).map(({ table, at }) => [table, at])).toEqual([
      ['vm', 10_000],
      ['vm.disk', 10_000],
      ['vm.nic', 10_000],
      ['host', 10_000],
    ]);
  });

  test('a VM that starts is measured before the next beat', async () => {
    const stop = new AbortController();
    const vms = [vmStatus('a', 'default')];
    let scrapes = 0;
    const port = {
      survey: async () => ({ at: 0, pools: [], guests: [] }),
      hosts: () => createFakeHypervisor({ hosts: ['h1'], vms: {}, scrape: () => good(1) }).port.hosts(),
      vms: () => vms.map((vm) => ({ ...vm, host: 'h1' })),
      async scrape() {
        scrapes++;
        if (scrapes === 1) vms.push(vmStatus('b', 'default'));
        else stop.abort();
        return hostScrape(scrapes * 10_000, []);
      },
    };
    const log: Log = { debug() {}, info() {}, warn() {}, error() {} };
    await collect({
      hypervisor: port,
      metrics: { write: async () => {} },
      log,
      everyMs: 3_600_000,
      timeoutMs: 1_000,
      surveyEveryMs: 3_600_000,
      signal: stop.signal,
    });
    expect(scrapes).toBe(2);
  });
});
