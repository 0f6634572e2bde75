import type { ActionDescription, Json, SuggestedAction } from 'novacron/plugin';
import { button, LIMITS, PRESS, type Button } from './block-kit.ts';

/** An action that a button offers, with what is known of its input. */
export interface Offer {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** Show the form even when nothing is missing. */
  readonly asForm?: boolean;
}

/** What is known of the things that were just spoken of. */
export interface Known {
  /** Ids or names by kind. */
  readonly things: Readonly<Record<string, string>>;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The things that a call named in its picker fields. */
export function thingsIn(action: ActionDescription, input: Readonly<Record<string, unknown>>): Record<string, string> {
  const things: Record<string, string> = {};
  for (const field of action.fields) {
    const value = input[field.name];
    if (field.picker !== null && field.type === 'picker' && typeof value === 'string') things[field.picker] = value;
  }
  return things;
}

/** The thing that a result is: the noun of the action, by the id (or name) in its output. */
export function thingMade(action: string, output: Json): Record<string, string> {
  if (!isRecord(output)) return {};
  const id = output['id'] ?? output['name'];
  const noun = action.split('.')[0] ?? '';
  return typeof id === 'string' && noun !== '' ? { [noun]: id } : {};
}

/** Fills the picker fields of an action with the things that are known. */
export function offerOf(action: ActionDescription, known: Known): Offer {
  const input: Record<string, string> = {};
  for (const field of action.fields) {
    const thing = field.picker === null || field.type !== 'picker' ? undefined : known.things[field.picker];
    if (thing !== undefined) input[field.name] = thing;
  }
  return { action: action.id, input };
}

/**
 * Must a person say more before a press can mean anything? Words are missing; or the action changes something and has fields without
 * a default, which may be its very point (`resize` to what?).
 */
export const asksMore = (action: ActionDescription, input: Readonly<Record<string, unknown>>): boolean =>
  action.fields.some(
    (field) =>
      input[field.name] === undefined && (field.required || (action.risk !== 'read' && field.default === null && field.type !== 'boolean')),
  );

/** `undefined` when the value would not fit into a button. `label`: other words than the action's own. */
export function offerButton(action: ActionDescription, offer: Offer & { readonly label?: string }, index: number): Button | undefined {
  const { label = action.label, ...sent } = offer;
  const value = JSON.stringify(sent);
  if (value.length > LIMITS.buttonValueLength) return undefined;
  const more = asksMore(action, offer.input) || offer.asForm === true ? '…' : '';
  const style = action.risk === 'destroy' ? ({ style: 'danger' } as const) : {};
  return button({ id: `${PRESS.offer}.${index}`, label: `${label}${more}`, value, ...style });
}

/** Reads a button's value; anything else than what we wrote is nothing. */
export function readOffer(value: unknown): Offer | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    const offer: unknown = JSON.parse(value);
    if (!isRecord(offer) || typeof offer['action'] !== 'string' || !isRecord(offer['input'])) return undefined;
    return { action: offer['action'], input: offer['input'], ...(offer['asForm'] === true && { asForm: true }) };
  } catch {
    return undefined;
  }
}

const OFFERS_MAX = 6;

/** Buttons for the actions of a card, as far as this person may do them. */
export function offerButtons(ids: readonly string[], allowed: readonly ActionDescription[], known: Known): Button[] {
  const actions = ids.flatMap((id) => allowed.filter((action) => action.id === id));
  return actions.slice(0, OFFERS_MAX).flatMap((action, index) => offerButton(action, offerOf(action, known), index) ?? []);
}

/** Buttons for calls whose input is known, as far as this person may do them. What no plugin offers is advice only. */
export const suggestionButtons = (suggestions: readonly SuggestedAction[], allowed: readonly ActionDescription[]): Button[] =>
  suggestions.slice(0, OFFERS_MAX).flatMap((suggestion, index) => {
    const action = allowed.find(({ id }) => id === suggestion.action);
    return (action && offerButton(action, suggestion, OFFERS_MAX + index)) ?? [];
  });
