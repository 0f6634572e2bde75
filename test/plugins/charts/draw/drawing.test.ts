import { Resvg } from '@resvg/resvg-js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { altOfForecast, altOfLines } from '../../../../plugins/charts/draw/alt.ts';
import { drawForecast } from '../../../../plugins/charts/draw/forecast.ts';
import { drawLines } from '../../../../plugins/charts/draw/lines.ts';
import { rasterize } from '../../../../plugins/charts/draw/raster.ts';
import { checkRequest } from '../../../../plugins/charts/draw/requests.ts';
import { countPixels, isBlue, isDark, isOrange, pngSize } from '../pixels.ts';
import { forecastChart, HOUR, START } from '../series.ts';

const TITLE = { x: 40, y: 40, width: 300, height: 40 };
const LEFT_HALF = { x: 200, y: 170, width: 600, height: 540 };

describe('a chart that cannot be drawn', () => {
  it('is refused when columns differ in length', () => {
    const chart = forecastChart({ history: { at: [1, 2], value: [1] } });
    expect(() => checkRequest({ kind: 'forecast', chart })).toThrowError(/The columns of the history have 2, 1 values/);
  });

  it('is refused when instants do not rise', () => {
    const chart = { title: 'x', unit: 'count' as const, series: [{ name: 'a', at: [2, 1], value: [1, 1] }] };
    expect(() => checkRequest({ kind: 'lines', chart })).toThrowError(expect.objectContaining({ code: 'chart_invalid', status: 422 }));
  });

  it('is refused with no series, too many series, or too many points', () => {
    const at = Array.from({ length: 200_001 }, (_, i) => i);
    const many = Array.from({ length: 9 }, () => ({ name: 'a', at: [1], value: [1] }));
    const refused = (series: readonly { name: string; at: number[]; value: number[] }[]): (() => void) => {
      return () => checkRequest({ kind: 'lines', chart: { title: 'x', unit: 'count', series } });
    };
    expect(refused([])).toThrowError(/0 series/);
    expect(refused(many)).toThrowError(/9 series/);
    expect(refused([{ name: 'a', at, value: at }])).toThrowError(expect.objectContaining({ code: 'chart_too_large' }));
  });

  it('is refused when there is no value at all', () => {
    const empty = { title: 'x', unit: 'count' as const, series: [{ name: 'a', at: [1, 2], value: [null, null] }] };
    expect(() => drawLines(empty)).toThrowError(/nothing to draw/);
  });
});

describe('the picture of a forecast', () => {
  const png = rasterize(drawForecast(forecastChart()));

  it('is a PNG of twice 800 x 400', () => {
    expect(pngSize(png)).toEqual({ width: 1600, height: 800 });
  });

  it('has a title, a blue history and an orange forecast', () => {
    expect(countPixels(png, TITLE, isDark)).toBeGreaterThan(500);
    expect(countPixels(png, LEFT_HALF, isBlue)).toBeGreaterThan(2000);
    expect(countPixels(png, { x: 1300, y: 170, width: 280, height: 540 }, isOrange)).toBeGreaterThan(100);
  });

  it('has no text at all without the shipped font: nothing of it comes from the system', () => {
    const bare = rasterize(drawForecast(forecastChart()), []);
    expect(countPixels(bare, TITLE, isDark)).toBe(0);
    expect(countPixels(bare, LEFT_HALF, isBlue)).toBeGreaterThan(2000);
  });

  it('shows a gap as a gap', () => {
    const { at, value } = forecastChart().history;
    const gapped = value.map((one, i) => (i >= 40 && i < 160 ? null : one));
    const blue = (chart: Parameters<typeof drawForecast>[0]): number => countPixels(rasterize(drawForecast(chart)), LEFT_HALF, isBlue);
    expect(blue(forecastChart({ history: { at, value: gapped } }))).toBeLessThan(blue(forecastChart()) * 0.75);
  });

  it('says the time zone and marks now', () => {
    const svg = drawForecast(forecastChart());
    expect(svg).toContain('>UTC</text>');
    expect(svg).toContain('>now</text>');
    const { now: _, ...without } = forecastChart();
    expect(drawForecast(without)).not.toContain('>now</text>');
  });

  it('names the history as it is told', () => {
    expect(drawForecast(forecastChart({ historyLabel: 'generated' }))).toContain('>generated</text>');
  });

  it('leaves no entry of the legend out, however long they are', () => {
    const at = [START, START + HOUR];
    const series = Array.from({ length: 8 }, (_, i) => ({ name: `a machine with quite a long name and number ${i}`, at, value: [i, i] }));
    const svg = drawLines({ title: 'x', subtitle: 'a subtitle '.repeat(5), unit: 'count', series });
    for (let i = 0; i < 8; i++) expect(svg).toMatch(new RegExp(`>a machine with[^<]*…[^<]*number ${i}</text>`));
  });

  it('shows a lone value between two gaps', () => {
    const at = [0, 1, 2, 3, 4].map((i) => START + i * HOUR);
    const svg = drawLines({ title: 'x', unit: 'count', series: [{ name: 'a', at, value: [1, null, 2, null, 3] }] });
    expect(svg.match(/<circle/g)).toHaveLength(3);
  });

  it('copes with a constant, a single and a huge value', () => {
    for (const value of [0, 1e-12, 1e18, -5]) {
      const forecast = { at: [START + HOUR], p10: [value], p50: [value], p90: [value] };
      const svg = drawForecast(forecastChart({ history: { at: [START], value: [value] }, forecast, unit: 'bytes' }));
      expect(svg).not.toMatch(/NaN|Infinity/);
      expect(pngSize(rasterize(svg))).toBeDefined();
    }
  });
});

describe('text of strangers', () => {
  const hostile = '</text><script>alert(1)</script><image href="file:///etc/passwd"/>&amp;"\'\u0000\u202e\ud800';

  it('is escaped: no element comes out of a title, a subtitle or a name', () => {
    const at = [START, START + HOUR];
    const series = [
      { name: hostile, at, value: [1, 2] },
      { name: 'b', at, value: [2, 3] },
    ];
    const svg = drawLines({ title: hostile, subtitle: hostile, unit: 'count', series });
    for (const part of ['<script', '<image', '\u0000', '\u202e', '\ud800']) expect(svg).not.toContain(part);
    expect(pngSize(rasterize(svg))).toBeDefined();
  });

  it('whatever it is, the picture is well-formed', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(text, text, (title, subtitle) => {
        expect(() => new Resvg(drawForecast(forecastChart({ title, subtitle })))).not.toThrow();
      }),
      { numRuns: 12 },
    );
  });

  it('is cut when it is longer than the picture', () => {
    expect(drawForecast(forecastChart({ title: 'web '.repeat(500) }))).toMatch(/>(web )+w?e?b?…<\/text>/);
  });
});

describe('the sentence for those who cannot see the picture', () => {
  it('says range, peak and band of a forecast', () => {
    const alt = altOfForecast(forecastChart());
    expect(alt).toContain('Line chart: web-1: CPU.');
    expect(alt).toContain('between 10 % and 50 % from 2026-11-09 00:00 UTC to 2026-11-22 23:00 UTC');
    expect(alt).toContain('highest near 2026-11-23 06:00 UTC');
    expect(alt).toContain('8 of 10 values are expected between 5 % and 55 %.');
  });

  it('says each line, and that one has no values', () => {
    const series = [
      { name: 'in', at: [START], value: [2048] },
      { name: 'out', at: [], value: [] },
    ];
    const alt = altOfLines({ title: 'net', unit: 'bytesPerSecond', series });
    expect(alt).toContain('in: between 2 KiB/s and 2 KiB/s');
    expect(alt).toContain('out: no values');
  });
});
