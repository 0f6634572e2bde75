import type { ActionDescription, Actions as ActionsService, Actor, Call, Job, Outcome, Parsed, View } from '../contract.ts';
import { HubError } from '../contract.ts';
import { parseWords } from '../surfaces/words.ts';
import { viewOf } from '../surfaces/view.ts';
import { auditRefusal, execute, mayOffer, type DoorDeps } from './execute.ts';

/** The door as surfaces see it. */
export class Actions implements ActionsService {
  readonly #deps: DoorDeps;

  constructor(deps: DoorDeps) {
    this.#deps = deps;
  }

  list(actor: Actor): readonly ActionDescription[] {
    const { registry, policy } = this.#deps;
    return registry
      .all()
      .filter(({ id, action }) => policy.mayAnywhere(actor, { id, risk: action.risk }))
      .map(({ description }) => description);
  }

  offers(id: string, actor: Actor): boolean {
    return mayOffer(this.#deps, id, actor);
  }

  describe(id: string, actor: Actor): ActionDescription {
    const { registry, policy } = this.#deps;
    const { action, description } = registry.get(id);
    if (!policy.mayAnywhere(actor, { id, risk: action.risk }))
      throw new HubError('action_unknown', `There is no action '${id}' for you.`, { status: 404 });
    return description;
  }

  parse(words: string | readonly string[], actor: Actor): Parsed {
    return parseWords(words, this.list(actor));
  }

  execute(id: string, input: unknown, call: Call): Promise<Outcome> {
    return execute(this.#deps, { id, input, call });
  }

  async confirm(token: string, call: Omit<Call, 'confirmation' | 'key'>): Promise<Outcome> {
    const pending = await this.#deps.confirmations.find(token, call.actor);
    const key = pending.callKey === null ? {} : { key: pending.callKey };
    return execute(this.#deps, { id: pending.action, input: pending.input, call: { ...call, ...key, confirmation: token } });
  }

  async decline(token: string, { actor, via }: Pick<Call, 'actor' | 'via'>): Promise<void> {
    const { confirmations } = this.#deps;
    const pending = await confirmations.find(token, actor);
    await confirmations.consume(token, actor);
    await auditRefusal(this.#deps, {
      event: 'declined',
      id: pending.action,
      call: { actor, via },
      target: pending.target,
      input: pending.input,
      error: null,
    });
  }

  view(job: Job): View {
    if (job.state.is !== 'succeeded') return { text: 'failure' in job.state ? job.state.failure.message : `It is ${job.state.is}.` };
    return viewOf(this.#deps.registry.get(job.action).action, job.state.output, { input: {}, offers: (id) => this.#deps.registry.has(id) });
  }
}
