import { useQuery } from '@tanstack/react-query';
import type { FrameField, Panel } from 'novacron/plugin';
import { useState } from 'react';
import { Chart } from './chart.tsx';
import { usePanels } from './queries.ts';
import { toSeries } from './series.ts';
import { useSession } from './session.tsx';
import { Trouble } from './trouble.tsx';

const RANGES = [
  { label: '15 min', seconds: 900 },
  { label: '1 h', seconds: 3600 },
  { label: '6 h', seconds: 21_600 },
  { label: '24 h', seconds: 86_400 },
  { label: '14 d', seconds: 1_209_600 },
] as const;

const POINTS = 240;
const REFRESH_MS = 10_000;

/** The charts that plugins declare for this kind of thing. */
export function Panels({ kind, id, name }: { readonly kind: string; readonly id: string; readonly name: string }) {
  const { data: panels = [] } = usePanels(kind);
  const [seconds, setSeconds] = useState<number>(RANGES[0].seconds);
  if (panels.length === 0) return null;
  return (
    <section aria-labelledby="charts-title">
      <div className="head">
        <h2 id="charts-title">Charts</h2>
        <div className="segments" role="group" aria-label="Time range">
          {RANGES.map((range) => (
            <button key={range.label} type="button" aria-pressed={range.seconds === seconds} onClick={() => setSeconds(range.seconds)}>
              {range.label}
            </button>
          ))}
        </div>
      </div>
      <div className="charts">
        {panels.map((panel) => (
          <PanelBox key={panel.id} panel={panel} thing={{ id, name }} seconds={seconds} />
        ))}
      </div>
    </section>
  );
}

interface PanelProps {
  readonly panel: Panel & { readonly id: string };
  readonly thing: { readonly id: string; readonly name: string };
  readonly seconds: number;
}

function PanelBox({ panel, thing, seconds }: PanelProps) {
  const { ask } = useSession();
  const { data, error } = useQuery({
    queryKey: ['panel', panel.id, thing.id, seconds],
    queryFn: async ({ signal }) => {
      const to = Date.now();
      const from = to - seconds * 1000;
      const body = {
        ...panel.query,
        targets: [thing.id],
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        stepSeconds: Math.max(1, Math.round(seconds / POINTS / 5) * 5 || 5),
      };
      const { output } = await ask<{ output: { fields: readonly FrameField[] } }>('/actions/metrics.query', {
        method: 'POST',
        body,
        signal,
      });
      return { from: from / 1000, to: to / 1000, series: toSeries(output.fields, thing.name) };
    },
    refetchInterval: REFRESH_MS,
  });
  return (
    <figure className="panel chart-box">
      <figcaption>{panel.title}</figcaption>
      {error !== null && <Trouble error={error} />}
      {data !== undefined && data.series.at.length === 0 && <p className="chart-empty quiet">No samples in this time.</p>}
      {data !== undefined && data.series.at.length > 0 && <Chart title={`${panel.title} of ${thing.name}`} unit={panel.unit} {...data} />}
      {data === undefined && error === null && <div className="chart-empty" />}
    </figure>
  );
}
