import { setImmediate, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createRenderer, type Renderer, type RendererOptions } from '../../../plugins/charts/renderer.ts';
import { pngSize } from './pixels.ts';
import { forecastChart } from './series.ts';

const open: Renderer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((renderer) => renderer.close()));
});

function renderer(change: Partial<RendererOptions> = {}): Renderer {
  const made = createRenderer({ idleMs: 60_000, timeoutMs: 20_000, waitingMax: 4, ...change });
  open.push(made);
  return made;
}

const forecast = { kind: 'forecast', chart: forecastChart() } as const;
const empty = { kind: 'lines', chart: { title: 'x', unit: 'count', series: [{ name: 'a', at: [1], value: [null] }] } } as const;

describe('drawing in a thread', () => {
  it('refuses more than may wait', async () => {
    const charts = renderer({ waitingMax: 1 });
    const first = charts.draw(forecast);
    await expect(charts.draw(forecast)).rejects.toMatchObject({ code: 'chart_overloaded', status: 503, retryable: true });
    await expect(first).resolves.toMatchObject({ mediaType: 'image/png' });
  });

  it('passes on why a chart cannot be drawn, and draws the next', async () => {
    const charts = renderer();
    await expect(charts.draw(empty)).rejects.toMatchObject({ code: 'chart_invalid', status: 422 });
    await expect(charts.draw(forecast)).resolves.toMatchObject({ title: 'web-1: CPU' });
  });

  it('gives up after the time limit, and starts anew for the next', async () => {
    const charts = renderer({ timeoutMs: 1 });
    await expect(charts.draw(forecast)).rejects.toMatchObject({ code: 'chart_timeout', retryable: true });
    expect(charts.busy()).toBe(false);
  });

  it('stops waiting when the caller does', async () => {
    const charts = renderer();
    const caller = new AbortController();
    const drawn = charts.draw(forecast, caller.signal);
    await setImmediate();
    caller.abort(new Error('enough'));
    await expect(drawn).rejects.toThrow('enough');
    await expect(charts.draw(forecast, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  });

  it('refuses work after it was closed, and lets go of those who wait', async () => {
    const charts = renderer();
    const refused = charts.draw(forecast).catch((error: unknown) => error);
    await setImmediate();
    await charts.close();
    expect(await refused).toMatchObject({ code: 'chart_closed' });
    await expect(charts.draw(forecast)).rejects.toMatchObject({ code: 'chart_closed' });
  });

  it('draws several at once, each its own', async () => {
    const charts = renderer();
    const titles = ['one', 'two', 'three'];
    const pictures = await Promise.all(titles.map((title) => charts.draw({ kind: 'forecast', chart: forecastChart({ title }) })));
    expect(pictures.map(({ title }) => title)).toEqual(titles);
    for (const { base64 } of pictures) expect(pngSize(Buffer.from(base64, 'base64'))).toEqual({ width: 1600, height: 800 });
  });

  it('can be made ready ahead, once, and not after it was closed', async () => {
    const charts = renderer();
    charts.prepare();
    charts.prepare();
    expect(charts.busy()).toBe(true);
    await expect(charts.draw(forecast)).resolves.toMatchObject({ mediaType: 'image/png' });
    await charts.close();
    charts.prepare();
    expect(charts.busy()).toBe(false);
  });

  it('ends its thread when it is idle, and starts one again', async () => {
    const charts = renderer({ idleMs: 1 });
    await charts.draw(forecast);
    while (charts.busy()) await setTimeout(5);
    await expect(charts.draw(forecast)).resolves.toMatchObject({ mediaType: 'image/png' });
  });

  it('draws a picture of others, which refers to nothing outside of itself', async () => {
    const charts = renderer();
    const svgOf = (inside: string, size = 'width="80" height="40"'): Parameters<Renderer['draw']>[0] => ({
      kind: 'svg',
      chart: { svg: `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${inside}</svg>`, title: 'theirs', alt: 'A picture of theirs' },
    });
    const { base64, alt } = await charts.draw(svgOf('<rect width="80" height="40"/><use href="#a"/>'));
    expect(pngSize(Buffer.from(base64, 'base64'))).toEqual({ width: 160, height: 80 });
    expect(alt).toBe('A picture of theirs');
    for (const inside of ['<image href="/etc/logo.png"/>', '<rect fill="url(http://elsewhere/x)"/>', '<image xlink:href="file:///x.png"/>'])
      await expect(charts.draw(svgOf(inside))).rejects.toMatchObject({ code: 'chart_invalid' });
    await expect(charts.draw(svgOf('', 'viewBox="0 0 1 1"'))).rejects.toMatchObject({ code: 'chart_invalid' });
    await expect(charts.draw(svgOf('', 'width="90000" height="90000"'))).rejects.toMatchObject({ code: 'chart_too_large' });
  });
});
