import { createHash, randomBytes } from 'node:crypto';
import type { Kysely, Selectable } from 'kysely';
import { HubError, type Actor, type Call, type Clock, type Confirmation, type Json, type Plan, type Risk } from '../contract.ts';
import { canonicalJson } from '../audit/canonical.ts';
import type { ConfirmationRule } from '../plugins/hub-config.ts';
import type { Target } from './find-target.ts';
import type { ActionTables, ConfirmationTable } from './tables.ts';

export interface Asked {
  readonly id: string;
  readonly title: string;
  readonly risk: Risk;
  readonly input: Json;
  readonly target: Target;
  readonly plan: Plan;
  readonly by: 'actor' | 'second-person';
  readonly call: Call;
}

export type Pending = Selectable<ConfirmationTable>;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** What a person confirmed: the action, the thing, the input and the facts of the plan. */
export const planHash = ({ id, target, input, plan }: Pick<Asked, 'id' | 'target' | 'input' | 'plan'>): string =>
  sha256(canonicalJson({ id, target: target && { kind: target.kind, id: target.id }, input, facts: plan.facts }));

/** Who must confirm: the first rule that fits, else the actor for what disrupts, destroys or asks by itself. */
export function whoConfirms(
  rules: readonly ConfirmationRule[],
  { risk, target, asks = false }: { risk: Risk; target: Target; asks?: boolean },
): 'nobody' | 'actor' | 'second-person' {
  if (risk === 'read') return 'nobody';
  const fits = (rule: ConfirmationRule): boolean =>
    (rule.risk === undefined || rule.risk === risk) && (rule.tag === undefined || (target?.tags.includes(rule.tag) ?? false));
  return rules.find(fits)?.by ?? (risk === 'change' && !asks ? 'nobody' : 'actor');
}

const KEPT_MS = 24 * 3600_000;
const FORGET_EVERY = 100;

/** Questions to people. A token is random, kept as a hash, single use, and bound to person, input and plan. */
export class Confirmations {
  readonly #db: Kysely<ActionTables>;
  readonly #clock: Clock;
  readonly #lifeMs: number;
  #askedCount = 0;

  constructor({ db, clock, lifeMs }: { db: Kysely<ActionTables>; clock: Clock; lifeMs: number }) {
    this.#db = db;
    this.#clock = clock;
    this.#lifeMs = lifeMs;
  }

  async ask(asked: Asked): Promise<Confirmation> {
    await this.#forgetOld();
    const token = randomBytes(24).toString('base64url');
    const expiresAt = this.#clock.now() + this.#lifeMs;
    const { id, title, risk, input, target, plan, by, call } = asked;
    await this.#db
      .insertInto('confirmation')
      .values({
        tokenHash: sha256(token),
        action: id,
        input: JSON.stringify(input),
        inputHash: sha256(canonicalJson(input)),
        target: JSON.stringify(target),
        risk,
        plan: JSON.stringify(plan),
        planHash: planHash(asked),
        asks: by,
        actor: JSON.stringify(call.actor),
        via: call.via,
        callKey: call.key ?? null,
        expiresAt: new Date(expiresAt),
      })
      .execute();
    return {
      token,
      action: id,
      title,
      risk,
      target: target && { kind: target.kind, id: target.id, name: target.name },
      plan,
      by,
      expiresAt,
    };
  }

  /** The open question behind a token, for this person. HubErrors `confirmation_unknown`, `_used`, `_expired`, `_not_yours`. */
  async find(token: string, actor: Actor): Promise<Pending> {
    const pending = await this.#db.selectFrom('confirmation').selectAll().where('tokenHash', '=', sha256(token)).executeTakeFirst();
    if (pending === undefined)
      throw new HubError('confirmation_unknown', 'There is no such question. Give the command again.', { status: 404 });
    this.#checkOpen(pending);
    const isRequester = pending.actor.id === actor.id;
    if (pending.asks === 'actor' && !isRequester)
      throw new HubError(
        'confirmation_not_yours',
        `Only ${pending.actor.name}, who asked for it, can answer this. Give the command yourself.`,
        { status: 403 },
      );
    if (pending.asks === 'second-person' && isRequester)
      throw new HubError('confirmation_not_yours', 'A second person has to answer this: somebody else who may do it.', { status: 403 });
    return pending;
  }

  /** Ends the question; of two who press at once, one gets `confirmation_used`. */
  async consume(token: string, actor: Actor): Promise<void> {
    const result = await this.#db
      .updateTable('confirmation')
      .set({ endedAt: new Date(this.#clock.now()), endedBy: actor.id })
      .where('tokenHash', '=', sha256(token))
      .where('endedAt', 'is', null)
      .executeTakeFirst();
    if (result.numUpdatedRows === 0n) throw new HubError('confirmation_used', 'This was answered already.', { status: 409 });
  }

  /** Questions are kept for a day after their end, so that a late answer is told why it is late. */
  async #forgetOld(): Promise<void> {
    if (this.#askedCount++ % FORGET_EVERY !== 0) return;
    const before = new Date(this.#clock.now() - KEPT_MS);
    await this.#db.deleteFrom('confirmation').where('expiresAt', '<', before).execute();
  }

  #checkOpen(pending: Pending): void {
    if (pending.endedAt !== null) throw new HubError('confirmation_used', 'This was answered already.', { status: 409 });
    if (pending.expiresAt.getTime() <= this.#clock.now())
      throw new HubError('confirmation_expired', 'It is too late to answer this. Give the command again.', { status: 410 });
  }
}

export const sameInput = (pending: Pending, input: Json): boolean => pending.inputHash === sha256(canonicalJson(input));
