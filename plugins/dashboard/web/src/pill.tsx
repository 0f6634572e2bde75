import type { Tone } from 'novacron/plugin';

export const Pill = ({ text, tone }: { readonly text: string; readonly tone: Tone }) => (
  <span className="pill" data-tone={tone}>
    <span className="dot" aria-hidden="true" />
    {text}
  </span>
);

/** A share as a bar with its figure in words beside it. */
export function Meter({ label, ratio, text }: { readonly label: string; readonly ratio: number | null; readonly text: string }) {
  const percent = ratio === null ? 0 : Math.min(100, Math.max(0, ratio * 100));
  const tone = percent >= 90 ? 'bad' : percent >= 75 ? 'warn' : 'good';
  return (
    <span className="meter" data-tone={tone}>
      <span
        className="meter-bar"
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(percent)}
        aria-valuetext={text}
      >
        <span style={{ inlineSize: `${percent}%` }} />
      </span>
      <span className="meter-text" aria-hidden="true">
        {text}
      </span>
    </span>
  );
}

const WIDTH = 96;
const HEIGHT = 24;

/** The last minutes as a line, 0 to 1. It only repeats what the meter beside it says, so it is hidden from screen readers. */
export function Sparkline({ ratios }: { readonly ratios: readonly number[] }) {
  const step = WIDTH / 59;
  const startX = WIDTH - (ratios.length - 1) * step;
  const points = ratios.map(
    (ratio, index) => `${(startX + index * step).toFixed(1)},${(HEIGHT - 1.5 - Math.min(1, ratio) * (HEIGHT - 3)).toFixed(1)}`,
  );
  return (
    <svg className="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      {points.length > 1 && <polyline points={points.join(' ')} />}
    </svg>
  );
}
