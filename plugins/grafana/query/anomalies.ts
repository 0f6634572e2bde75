import type { Anomalies, AnomalousMetric } from '../../analytics/port.ts';
import { encodeFrame, unitConfig, type FrameJson } from '../frames.ts';
import type { MetricAsk, Range } from './request.ts';
import type { MetricSeries } from './series.ts';

const FOUND_MAX = 1000;

function toFrame(name: string, found: readonly (AnomalousMetric & { readonly id: string })[], refId: string): FrameJson {
  const custom = { drawStyle: 'points', showPoints: 'always', pointSize: 10, lineWidth: 0, fillOpacity: 0 };
  const config = {
    ...unitConfig(found[0]?.unit),
    displayNameFromDS: `${name} unusual`,
    color: { mode: 'fixed', fixedColor: 'red' },
    custom,
  };
  return encodeFrame({ refId, name: `${name} unusual`, meta: { custom: { anomalies: { of: name } } } }, [
    { name: 'time', type: 'time', values: found.map(({ since }) => since) },
    { name: 'unusual', type: 'number', labels: { name, unusual: 'true' }, config, values: found.map(({ value }) => value) },
    { name: 'why', type: 'string', values: found.map(({ id, text }) => `${id}: ${text}`) },
  ]);
}

/** What was found unusual in the asked metric of the shown things, as points where it began; what people dismissed is left out. */
export async function anomalyFrames(
  anomalies: Pick<Anomalies, 'list'>,
  { series, from, to }: Pick<Range, 'from' | 'to'> & { readonly series: readonly MetricSeries[] },
  { metric, refId }: Pick<MetricAsk, 'metric' | 'refId'>,
): Promise<FrameJson[]> {
  const names = new Map(series.map(({ id, name }) => [id, name]));
  if (names.size === 0) return [];
  const found = await anomalies.list({ targets: [...names.keys()], tenant: null, from, to, states: ['open'], rowsMax: FOUND_MAX });
  return [...names].flatMap(([id, name]) => {
    const own = found.filter(({ subject, kind }) => kind !== 'fleet' && subject.id === id);
    const points = own.flatMap((one) => one.metrics.filter((each) => each.metric === metric).map((each) => ({ ...each, id: one.id })));
    return points.length === 0
      ? []
      : [
          toFrame(
            name,
            points.toSorted((a, b) => a.since - b.since),
            refId,
          ),
        ];
  });
}
