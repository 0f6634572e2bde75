import type { Actor, Card, Resource, ResourceQuery, Resources as ResourcesService } from '../contract.ts';
import type { Policy } from '../policy/policy.ts';
import { noSuch } from './find-target.ts';
import type { Registry } from './registry.ts';

const ROWS_MAX = 100;
const LIST_ROWS_MAX = 20_000;

/** Things of all kinds, as far as this actor may see them. */
export class Resources implements ResourcesService {
  readonly #registry: Registry;
  readonly #policy: Policy;

  constructor(registry: Registry, policy: Policy) {
    this.#registry = registry;
    this.#policy = policy;
  }

  kinds(): readonly { readonly kind: string; readonly title: string }[] {
    return this.#registry.kinds();
  }

  async get(kind: string, idOrName: string, actor: Actor): Promise<Resource> {
    const entry = this.#registry.kind(kind);
    const found = await entry.kind.get(entry.base, idOrName, scopeOf(actor));
    if (found === undefined || !this.#maySee(found, actor)) throw noSuch(kind, idOrName);
    return found;
  }

  async search(kind: string, { text, rowsMax = 20 }: ResourceQuery, actor: Actor): Promise<readonly Resource[]> {
    const entry = this.#registry.kind(kind);
    const found = await entry.kind.search(entry.base, {
      text: text.slice(0, 200),
      ...scopeOf(actor),
      rowsMax: Math.min(rowsMax, ROWS_MAX),
    });
    return found.filter((resource) => this.#maySee(resource, actor));
  }

  async list(kind: string, actor: Actor): Promise<readonly Resource[]> {
    const entry = this.#registry.kind(kind);
    const found = await entry.kind.search(entry.base, { text: '', ...scopeOf(actor), rowsMax: LIST_ROWS_MAX });
    return found.filter((resource) => this.#maySee(resource, actor));
  }

  async card(kind: string, idOrName: string, actor: Actor): Promise<{ readonly resource: Resource; readonly card: Card }> {
    const resource = await this.get(kind, idOrName, actor);
    const entry = this.#registry.kind(kind);
    return { resource, card: await entry.kind.card(entry.base, resource) };
  }

  #maySee(resource: Resource, actor: Actor): boolean {
    return this.#policy.authorize({ actor, action: { id: `${resource.kind}.get`, risk: 'read' }, resource }).allowed;
  }
}

const scopeOf = (actor: Actor) => ({ tenant: actor.role === 'admin' ? null : actor.tenant });
