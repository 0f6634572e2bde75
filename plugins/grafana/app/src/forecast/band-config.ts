import { getDisplayProcessor, formattedValueToString, type Field, type GrafanaTheme2, type TimeRange, type TimeZone } from '@grafana/data';
import { AxisPlacement, DrawStyle, PointVisibility, ScaleDirection, ScaleOrientation, UPlotConfigBuilder } from '@grafana/ui';
import type { BandData, Role } from './band-data.ts';

interface Look {
  readonly theme: GrafanaTheme2;
  readonly timeZone: TimeZone;
  readonly timeRange: TimeRange;
}

type SeriesProps = Parameters<UPlotConfigBuilder['addSeries']>[0];

const SCALE = 'y';
const NOW_WIDTH_PX = 1;

/** The line where what was measured ends and what is ahead begins. */
function drawBegin(builder: UPlotConfigBuilder, begins: number, color: string): void {
  builder.addHook('draw', (plot) => {
    const x = plot.valToPos(begins, 'x', true);
    const { left, top, width, height } = plot.bbox;
    if (x < left || x > left + width) return;
    plot.ctx.save();
    plot.ctx.strokeStyle = color;
    plot.ctx.lineWidth = NOW_WIDTH_PX * devicePixelRatio;
    plot.ctx.setLineDash([4, 4]);
    plot.ctx.beginPath();
    plot.ctx.moveTo(x, top);
    plot.ctx.lineTo(x, top + height);
    plot.ctx.stroke();
    plot.ctx.restore();
  });
}

function addAxes(builder: UPlotConfigBuilder, { theme, timeZone, timeRange }: Look, field: Field | undefined): void {
  builder.addScale({
    scaleKey: 'x',
    isTime: true,
    orientation: ScaleOrientation.Horizontal,
    direction: ScaleDirection.Right,
    range: () => [timeRange.from.valueOf(), timeRange.to.valueOf()],
  });
  builder.addScale({ scaleKey: SCALE, orientation: ScaleOrientation.Vertical, direction: ScaleDirection.Up, softMin: 0 });
  builder.addAxis({ scaleKey: 'x', isTime: true, placement: AxisPlacement.Bottom, timeZone, theme });
  const display = field === undefined ? undefined : getDisplayProcessor({ field, theme, timeZone });
  builder.addAxis({
    scaleKey: SCALE,
    placement: AxisPlacement.Left,
    theme,
    ...(display && { formatValue: (value: number) => formattedValueToString(display(value)) }),
  });
}

const namesOf = (roles: BandData['roles']): string[] => [...new Set(roles.map(({ of }) => of))];

/** The colour of a series by its name: what was measured and what is ahead have the same. */
export function colorsOf(roles: BandData['roles'], { visualization }: GrafanaTheme2): (of: string) => string {
  const names = namesOf(roles);
  return (of) => visualization.getColorByName(visualization.palette[names.indexOf(of) % visualization.palette.length] ?? 'blue');
}

/** How the chart is drawn; `order` are the fields behind the axis of time, in the order of the drawn lines. */
export function bandConfig({ roles, begins }: BandData, look: Look): { config: UPlotConfigBuilder; order: readonly Field[] } {
  const { theme, timeZone } = look;
  const builder = new UPlotConfigBuilder(timeZone);
  addAxes(builder, look, roles[0]?.field);
  const names = namesOf(roles);
  const colorOf = colorsOf(roles, theme);
  for (const { role, of } of roles)
    builder.addSeries({ scaleKey: SCALE, theme, spanNulls: true, fillOpacity: 0, ...lookOf(role, colorOf(of), theme) });
  for (const of of names) {
    // Series 0 is the time.
    const at = (role: string) => roles.findIndex((one) => one.role === role && one.of === of) + 1;
    if (at('p10') > 0 && at('p90') > 0) builder.addBand({ series: [at('p90'), at('p10')], fill: `${asHex(colorOf(of))}40` });
  }
  if (begins !== null) drawBegin(builder, begins, theme.colors.text.secondary);
  return { config: builder, order: roles.map(({ field }) => field) };
}

/** How a line, an edge of the band, or the points of what was unusual look. */
function lookOf(
  role: Role,
  color: string,
  { visualization }: GrafanaTheme2,
): Pick<SeriesProps, 'drawStyle' | 'showPoints' | 'pointSize' | 'lineColor' | 'lineWidth' | 'lineStyle'> {
  const isEdge = role === 'p10' || role === 'p90';
  if (role === 'unusual')
    return {
      drawStyle: DrawStyle.Points,
      showPoints: PointVisibility.Always,
      pointSize: 10,
      lineColor: visualization.getColorByName('red'),
    };
  return {
    drawStyle: DrawStyle.Line,
    lineColor: color,
    lineWidth: isEdge ? 0 : 2,
    lineStyle: role === 'p50' ? { fill: 'dash', dash: [8, 6] } : { fill: 'solid' },
    showPoints: PointVisibility.Never,
    pointSize: 4,
  };
}

/** `#rrggbb` without an opacity of its own. */
const asHex = (color: string): string => (/^#[0-9a-f]{6}/i.test(color) ? color.slice(0, 7) : '#5794f2');
