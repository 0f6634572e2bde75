import type { Card, Resource, Tone, View } from 'novacron/plugin';
import { formatValue } from '../../charts/port.ts';
import type { Gain, KeptRecommendation, RecommendationState } from './recommendation.ts';

const TONES: Readonly<Record<RecommendationState, Tone>> = {
  open: 'warn',
  applied: 'busy',
  kept: 'good',
  missed: 'bad',
  dismissed: 'idle',
  gone: 'idle',
};

export function gainText(gain: Gain): string {
  const { what, expected, low, high } = gain;
  const interval = low === high ? '' : ` (${formatValue(low, gain.unit)} to ${formatValue(high, gain.unit)})`;
  return `${what}: ${formatValue(expected, gain.unit)}${interval}`;
}

export const recommendationCard = (one: KeptRecommendation): Card => ({
  title: one.title,
  subtitle: one.id,
  state: { text: one.state, tone: TONES[one.state] },
  fields: [
    { label: 'Gain', value: one.gains.map(gainText).join('; ') },
    { label: 'Cost', value: one.cost },
    { label: 'Risk', value: one.risk },
    { label: 'Undo', value: one.undo ?? 'It cannot be taken back.' },
    ...(one.measured === null ? [] : [{ label: 'Measured', value: one.measured.text }]),
    ...(one.decidedBy === null ? [] : [{ label: 'Decided by', value: one.decidedBy }]),
  ],
  actions: one.state === 'open' ? ['recommendation.dismiss'] : [],
});

export const recommendationView = (one: KeptRecommendation): View => ({
  text: one.evidence.join(' '),
  card: recommendationCard(one),
  ...(one.state === 'open' && { suggestions: [one.suggestion] }),
});

export const recommendationTable = (all: readonly KeptRecommendation[]): NonNullable<View['table']> => ({
  columns: ['Id', 'Advice', 'Gain', 'State'],
  rows: all.map((one) => [one.id, one.title, one.gains.map(gainText).join('; '), one.state]),
});

export const asResource = ({ id, subject }: KeptRecommendation): Resource => ({
  kind: 'recommendation',
  id,
  name: id,
  tenant: subject.tenant,
  tags: [],
  owner: null,
});
