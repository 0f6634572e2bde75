import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createLiveReader } from '../../../plugins/grafana/live.ts';
import { START_TIMEOUT_MS, startWorld, STEP_MS, type World } from './world.ts';

describe('live values', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ config: { live: { streamsMax: 2 } } });
  }, START_TIMEOUT_MS);
  afterAll(() => world.hub[Symbol.asyncDispose]());

  /** Opens a stream; `next` waits for the next event. */
  async function follow(query: string, as = 'viewer') {
    const stop = new AbortController();
    const response = await fetch(`${world.hub.url}/api/v1/grafana/live?${query}`, {
      headers: { authorization: `Bearer ${world.tokens[as]}` },
      signal: stop.signal,
    });
    const reader = response.body!.getReader();
    let text = '';
    const next = async (): Promise<{ event: string; data: unknown }> => {
      while (!text.includes('\n\n')) text += Buffer.from((await reader.read()).value ?? []).toString('utf8');
      const [event = '', ...rest] = text.split('\n\n');
      text = rest.join('\n\n');
      const [, name = '', data = 'null'] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      return { event: name, data: JSON.parse(data) };
    };
    return { status: response.status, next, stop: () => stop.abort() };
  }
  const at = () => Math.ceil(Date.now() / STEP_MS) * STEP_MS;
  const write = (cpuRatio: number) =>
    world.hub.metrics.write('monitoring', [
      { table: 'host', at: at(), rows: [{ entity: 'h1', values: { cpuRatio } }] },
      { table: 'vm', at: at(), rows: ['theirs', 'mine'].map((entity) => ({ entity, values: { cpuRatio } })) },
    ]);

  test('arrive as they are written, only of what the caller may see', async () => {
    const stream = await follow('metric=vm.cpuRatio');
    expect(await stream.next()).toEqual({ event: 'series', data: { metric: 'vm.cpuRatio', unit: 'percentunit' } });
    await write(0.25);
    expect(await stream.next()).toEqual({ event: 'sample', data: { at: expect.any(Number), values: { 'name-of-mine': 0.25 } } });
    stream.stop();
  });

  test('a metric that there is not, and a VM of others, are refused before the stream begins', async () => {
    expect((await follow('metric=vm.nothing')).status).toBe(404);
    expect((await follow('metric=vm.cpuRatio&targets=theirs')).status).toBe(404);
  });

  test('there is a limit, and a stream that was left makes room', async () => {
    const open = [await follow('metric=host.cpuRatio'), await follow('metric=host.cpuRatio')];
    await expect.poll(async () => (await follow('metric=host.cpuRatio')).status).toBe(503);
    for (const each of open) each.stop();
    await expect
      .poll(async () => {
        const again = await follow('metric=host.cpuRatio');
        again.stop();
        return again.status;
      })
      .toBe(200);
  });

  test('a counter is what it grew a second, and one that began again says nothing once', () => {
    const read = createLiveReader({ metric: 'vm.disk.readBytes', isCounter: true, names: new Map([['a', 'web-1']]) });
    const batch = (seconds: number, readBytes: number, entity = 'a') => ({
      table: 'vm.disk',
      at: seconds * 1000,
      rows: [{ entity, device: 'vda', values: { readBytes } }],
    });
    expect(read(batch(0, 100))).toBeNull();
    expect(read(batch(10, 300))).toEqual({ 'web-1 vda': 20 });
    expect(read(batch(20, 0))).toBeNull();
    expect(read(batch(30, 50))).toEqual({ 'web-1 vda': 5 });
    expect(read(batch(40, 60, 'b'))).toBeNull();
    expect(read({ ...batch(40, 60), table: 'vm' })).toBeNull();
  });
});
