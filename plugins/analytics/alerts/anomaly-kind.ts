import type { Json } from 'novacron/plugin';
import { z } from 'zod';
import type { Finding, RuleKind } from '../../monitoring/port.ts';
import type { Anomalies, Anomaly } from '../port.ts';

const Settings = z.strictObject({
  scoreMin: z.number().min(0).max(20).default(0),
  withinSeconds: z.int().min(300).max(86_400).default(1_800),
});

const ROWS_MAX = 1_000;

/**
 * Rules of the kind `anomaly`: bad while something unusual was found lately that nobody dismissed. Settings: `scoreMin` (powers of ten by which it is
 * rarer than usual, default 0: all that is reported), `withinSeconds` (default 30 minutes). With a metric, only what is unusual in it.
 */
export function createAnomalyKind(anomalies: Pick<Anomalies, 'list'>): RuleKind {
  return {
    kind: 'anomaly',
    everySeconds: 60,
    settings: {
      validate(value) {
        const read = Settings.safeParse(value);
        return read.success ? { ok: true, value: value as Json } : { ok: false, reason: z.prettifyError(read.error) };
      },
    },
    describe({ settings }) {
      const read = Settings.safeParse(settings);
      if (!read.success) return 'anomaly';
      const { scoreMin, withinSeconds } = read.data;
      const rarer = scoreMin === 0 ? '' : `, ${Math.round(10 ** scoreMin).toLocaleString('en')} times rarer than what is told otherwise`;
      return `when something unusual was found in the last ${Math.round(withinSeconds / 60)} min${rarer}`;
    },
    async judge({ metric, settings, targets }, at) {
      const { scoreMin, withinSeconds } = Settings.parse(settings);
      const from = at - withinSeconds * 1000;
      const lately = await anomalies.list({
        targets: targets.map(({ id }) => id),
        tenant: null,
        from,
        to: at + 1,
        states: ['open'],
        rowsMax: ROWS_MAX,
      });
      const fits = ({ score, metrics }: Anomaly): boolean =>
        score >= scoreMin && (metric === null || metrics.some((one) => one.metric === metric));
      const newest = new Map<string, Anomaly>();
      for (const one of lately.filter(fits)) if (!newest.has(one.subject.id)) newest.set(one.subject.id, one);
      return targets.map((subject): Finding => {
        const one = newest.get(subject.id);
        return one === undefined
          ? { subject, verdict: 'good', summary: `Nothing of ${subject.name} is unusual any more.`, values: {} }
          : { subject, verdict: 'bad', summary: one.text, values: { score: one.score } };
      });
    },
  };
}
