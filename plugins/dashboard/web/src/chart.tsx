import type { Panel } from 'novacron/plugin';
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { formatValue } from './format.ts';

/** Series over time: instants in seconds, then a column of figures for each name. */
export interface Series {
  readonly names: readonly string[];
  readonly at: readonly number[];
  readonly columns: readonly (readonly (number | null)[])[];
}

interface ChartProps {
  readonly title: string;
  readonly unit: Panel['unit'];
  readonly series: Series;
  /** Epoch seconds that the time axis spans. */
  readonly from: number;
  readonly to: number;
}

const HEIGHT = 180;
const POINTS_SHOWN_MAX = 3;

/** A chart drawn with uPlot; colours come from the page, so that it follows light and dark. */
export function Chart({ title, unit, series, from, to }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const key = series.names.join('\u0000');
  const newest = useRef({ series, from, to });

  useEffect(() => {
    newest.current = { series, from, to };
    plot.current?.setData(toData(series), false);
    plot.current?.setScale('x', { min: from, max: to });
  }, [series, from, to]);

  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const draw = (): void => {
      plot.current?.destroy();
      const { series, from, to } = newest.current;
      const names = key.split('\u0000');
      plot.current = new uPlot(optionsOf({ names, unit, width: element.clientWidth }), toData(series), element);
      plot.current.setScale('x', { min: from, max: to });
    };
    draw();
    const resized = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const dark = window.matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', draw);
    window.addEventListener('themechange', draw);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', draw);
      window.removeEventListener('themechange', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [key, unit]);

  return <div className="chart" ref={box} role="img" aria-label={describe(title, unit, series)} />;
}

const toData = ({ at, columns }: Series): uPlot.AlignedData => [[...at], ...columns.map((column) => [...column])] as uPlot.AlignedData;

/** For whoever does not see it: where each line stands now and between what it went. */
function describe(title: string, unit: Panel['unit'], { names, columns }: Series): string {
  const said = names.map((name, index) => {
    const figures = (columns[index] ?? []).filter((value) => value !== null);
    const last = figures.at(-1);
    if (last === undefined) return `${name}: nothing`;
    const say = (value: number): string => formatValue(value, unit);
    return `${name}: now ${say(last)}, between ${say(Math.min(...figures))} and ${say(Math.max(...figures))}`;
  });
  return `${title}. ${said.join('; ')}`;
}

const LINES = ['--line-1', '--line-2', '--line-3', '--line-4'] as const;

const hasFew = (values: ArrayLike<number | null | undefined>): boolean =>
  Array.from(values).filter((value) => value != null).length <= POINTS_SHOWN_MAX;

function optionsOf({ names, unit, width }: { names: readonly string[]; unit: Panel['unit']; width: number }): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: color('--ink-quiet'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui',
  };
  return {
    width,
    height: HEIGHT,
    // Half a label of the time axis stands right of the last tick.
    padding: [8, 20, 0, 0],
    legend: { show: names.length > 1, live: false },
    cursor: { sync: { key: 'charts' }, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_plot, min, max) => rangeOf(unit, min, max) } },
    axes: [
      { ...axis, size: 28, space: 64, values: (plot, values) => timesOf(plot, values) },
      {
        ...axis,
        size: 68,
        values: (_plot, values) => values.map((value) => formatValue(value, unit)),
        ...(unit.startsWith('bytes') && { incrs: POWERS_OF_TWO }),
      },
    ],
    series: [
      {},
      ...names.map((label, index) => {
        const stroke = color(LINES[index % LINES.length] ?? '--line-1');
        return {
          label,
          stroke,
          width: 1.75,
          spanGaps: false,
          // A line needs two points: samples that are few are shown as what they are.
          points: { show: (plot: uPlot) => hasFew(plot.data[index + 1] ?? []), size: 5 },
          ...(names.length === 1 && { fill: `color-mix(in oklab, ${stroke} 14%, transparent)` }),
        };
      }),
    ],
  };
}

const POWERS_OF_TWO = Array.from({ length: 51 }, (_, power) => 2 ** power);

/** Hours and minutes, or days when the axis spans more than one. */
function timesOf({ scales }: uPlot, values: readonly number[]): string[] {
  const { min = 0, max = 0 } = scales['x'] ?? {};
  const isLong = (max ?? 0) - (min ?? 0) > 90_000;
  const format = new Intl.DateTimeFormat(
    undefined,
    isLong ? { day: 'numeric', month: 'short' } : { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  );
  return values.map((value) => format.format(value * 1000));
}

/** From zero; a share up to at least 10 %, so that noise does not look like load. */
function rangeOf(unit: Panel['unit'], min: number | null, max: number | null): [number, number] {
  const high = Math.max(max ?? 0, unit === 'ratio' ? 0.1 : 1) * 1.08;
  return [Math.min(0, min ?? 0), unit === 'ratio' && (max ?? 0) <= 1 ? Math.min(1.02, high) : high];
}
