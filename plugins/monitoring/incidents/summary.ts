import { change, firingIn, isWorse, note, rootOf, worstOf, type Circumstances, type Draft } from './record.ts';
import { beginLap } from './tracks.ts';

export const TITLE_LENGTH_MAX = 300;

/** What all its signals together say. */
export function summarize(draft: Draft, at: Circumstances): void {
  const firing = firingIn(draft.record);
  if (firing.length === 0) return;
  const before = draft.record.severity;
  const severity = worstOf(
    firing.map((signal) => signal.severity),
    before,
  );
  // Of the thing itself only: what stands on it may belong to other tenants.
  const own = firing.filter((signal) => rootOf(signal.subject) === draft.record.root);
  const leading = own.find((signal) => signal.severity === severity) ?? own[0];
  const title = leading?.summary.slice(0, TITLE_LENGTH_MAX) ?? draft.record.title;
  if (severity !== before || title !== draft.record.title) change(draft, { severity, title });
  if (!isWorse(severity, before) || draft.record.state !== 'acknowledged') return;
  change(draft, { state: 'open', acknowledgedBy: null });
  note(draft, { at: at.now, kind: 'reopened', text: `It became ${severity}, which nobody has acknowledged yet.` });
  beginLap(draft, 'escalated', at);
}
