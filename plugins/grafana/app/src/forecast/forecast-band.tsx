import type { PanelProps } from '@grafana/data';
import { Badge, Stack, Text, Tooltip, UPlotChart, useTheme2 } from '@grafana/ui';
import { useMemo } from 'react';
import type { AlignedData } from 'uplot';
import { bandData, gradeOf, type Score } from './band-data.ts';
import { bandConfig, colorsOf } from './band-config.ts';

export interface BandOptions {
  readonly hasScore: boolean;
}

const ROW_PX = 30;
/** What is said of one series; beyond two rows the list scrolls, so that the chart keeps its room. */
const SCORE_WIDTH_PX = 470;
const ROWS_MAX = 2;

const percent = (ratio: number): string => `${Math.round(ratio * 100)} %`;
const hours = (seconds: number): string =>
  seconds >= 172_800 ? `${Math.round(seconds / 86_400)} days` : `${Math.round(seconds / 3600)} h`;

/** What was measured, what is likely to come, the band that nine of ten values should keep to; and how good that is, by its own record. */
export function ForecastBand({ data, options, width, height, timeRange, timeZone }: PanelProps<BandOptions>) {
  const theme = useTheme2();
  const band = useMemo(() => bandData(data.series), [data.series]);
  const built = useMemo(
    () => (band === null ? null : bandConfig(band, { theme, timeZone, timeRange })),
    [band, theme, timeZone, timeRange],
  );
  if (band === null || built === null) return <Text color="secondary">No data in this range of time.</Text>;
  const aligned = [band.joined.fields[0]?.values ?? [], ...built.order.map(({ values }) => values)] as AlignedData;
  const rows = Math.min(ROWS_MAX, Math.max(1, Math.ceil(band.scores.length / Math.max(1, Math.floor(width / SCORE_WIDTH_PX)))));
  const headerPx = options.hasScore ? rows * ROW_PX : 0;
  return (
    <div style={{ width, height }}>
      {options.hasScore && <Scores scores={band.scores} colorOf={colorsOf(band.roles, theme)} heightPx={headerPx} />}
      <UPlotChart config={built.config} data={aligned} width={width} height={height - headerPx} />
    </div>
  );
}

interface ScoresProps {
  readonly scores: readonly Score[];
  readonly heightPx: number;
  colorOf(of: string): string;
}

function Scores({ scores, colorOf, heightPx }: ScoresProps) {
  return (
    <div style={{ height: heightPx, overflow: 'hidden auto' }}>
      <Stack gap={1} alignItems="center" wrap="wrap">
        {scores.length === 0 && <Text color="secondary">Nothing was forecast: see the notices of the query.</Text>}
        {scores.map((score) => {
          const { text, color } = gradeOf(score);
          return (
            <Tooltip
              key={score.of}
              content={`Model ${score.model}, chosen by ${score.folds} tests on this series' own past. MASE 1 is as good as repeating the day before.`}
            >
              <span>
                <Stack gap={0.5} alignItems="center">
                  <span style={{ width: 12, height: 3, borderRadius: 2, background: colorOf(score.of) }} />
                  <Text variant="bodySmall">{score.of}</Text>
                  <Badge text={text} color={color} />
                  <Badge
                    text={`band held ${percent(score.coverage)} (aim 80 %)`}
                    color={Math.abs(score.coverage - 0.8) <= 0.1 ? 'green' : 'orange'}
                  />
                  {score.record.mase !== null && (
                    <Text variant="bodySmall">
                      {score.record.forecasts} earlier: MASE {score.record.mase.toFixed(2)}
                    </Text>
                  )}
                  <Text variant="bodySmall" color="secondary">
                    {hours(score.horizonSeconds)} ahead{score.isShortened ? ', less than asked: the history is short' : ''}
                  </Text>
                </Stack>
              </span>
            </Tooltip>
          );
        })}
      </Stack>
    </div>
  );
}
