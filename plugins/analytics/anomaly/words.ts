import type { Unit } from 'novacron/plugin';
import { formatValue } from '../../charts/port.ts';
import { durationText } from '../forecast/rules.ts';
import type { AnomalousMetric, Anomaly } from '../port.ts';
import { metricWords } from '../words.ts';
import { PARTS, type Explanation, type Part } from './detector.ts';

const LONG_AGO_MS = 20 * 3_600_000;

/** `14:05`, or with the date when that is not the same day. */
export function timeText(at: number, seenAt: number): string {
  const text = new Date(at).toISOString();
  const clock = `${text.slice(11, 16)} UTC`;
  return seenAt - at > LONG_AGO_MS ? `${text.slice(0, 10)} ${clock}` : clock;
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The question that the row answered most unusually. */
export const mainPart = ({ parts }: Explanation): Part => PARTS.reduce((a, b) => (parts[b] > parts[a] ? b : a));

/** Against which past. */
function past(part: Part, { expected, range, days, since }: Explanation, { unit, at }: { unit: Unit; at: number }): string {
  const value = (each: number): string => formatValue(each, unit);
  const usual = `usually ${value(range.low)} to ${value(range.high)}`;
  const known = days > 1 ? `the last ${days} days` : 'the day before';
  switch (part) {
    case 'time':
      return `at this time of ${known} it was about ${value(expected)} (${usual})`;
    case 'lasting':
      return `it has been off what ${known} had at these hours (now about ${value(expected)}) for longer than ever seen`;
    case 'level':
      return `it stays outside what it has had (${usual})`;
    case 'variation':
      return `it varies unlike in all that was seen before (${usual})`;
    case 'shape':
      return `it has taken a course not seen in ${durationText(Math.max(3600, (at - since) / 1000) + days * 86_400)} (${usual})`;
  }
}

export interface Described {
  readonly metric: string;
  readonly unit: Unit;
  readonly name: string;
  readonly at: number;
}

/** `CPU of web-1 is 92 % since 14:05 UTC; at this time of the last 12 days it was about 31 % (usually 22 % to 40 %).` */
export function sentenceOf(explanation: Explanation, { metric, unit, name, at }: Described): string {
  const what = metricWords(metric.replace(/^host\./, ''));
  const since = timeText(explanation.since, at);
  const because = past(mainPart(explanation), explanation, { unit, at });
  return `${capital(what)} of ${name} is ${formatValue(explanation.value, unit)} since ${since}; ${because}.`;
}

/** All metrics of one finding in one text. */
export function findingText(metrics: readonly AnomalousMetric[]): string {
  const [first, ...others] = metrics;
  if (first === undefined) return '';
  if (others.length === 0) return first.text;
  const names = others.map(({ metric }) => metricWords(metric.replace(/^host\./, ''))).join(', ');
  return `${first.text} At the same time: ${names}.`;
}

/** What VMs may have in common, what says most first. */
export const TRAITS = ['tag', 'image', 'host'] as const;
export type Trait = (typeof TRAITS)[number];

const SHARING: Readonly<Record<Trait, string>> = { tag: 'tagged', image: 'made from image', host: 'on host' };

export interface FleetWords {
  readonly trait: Trait;
  readonly name: string;
  readonly found: number;
  readonly of: number;
}

/** `4 of 5 VMs made from image 'debian-12.qcow2' changed at once: CPU, memory used. …` */
export function fleetText({ trait, name, found, of }: FleetWords, metrics: readonly AnomalousMetric[]): string {
  const names = [...new Set(metrics.map(({ metric }) => metricWords(metric)))].join(', ');
  return `${found} of ${of} VMs ${SHARING[trait]} '${name}' changed at once: ${names}. ${metrics[0]?.text ?? ''}`.trim();
}

/** Worst first, for a table. */
export const anomalyRow = ({ id, subject, kind, foundAt, text, state }: Anomaly, now: number): string[] => [
  id,
  kind === 'fleet' ? subject.id.replace(':', ' ') : subject.name,
  timeText(foundAt, now),
  state === 'dismissed' ? `(dismissed) ${text}` : text,
];
