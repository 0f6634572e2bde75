import { HubError, type Action, type ActionDescription, type Base, type Plugin, type ResourceKind } from '../contract.ts';
import type { PluginHost } from '../plugins/host.ts';
import { describeAction } from '../surfaces/describe.ts';

export interface Registered {
  readonly id: string;
  readonly plugin: string;
  readonly action: Action;
  readonly description: ActionDescription;
}

/** All declared actions and resource kinds, by id; whether their plugins run or not. */
export class Registry {
  #host: Pick<PluginHost, 'base'> | undefined;
  readonly #actions = new Map<string, Registered>();
  #sorted: readonly Registered[] | undefined;
  readonly #kinds = new Map<string, { readonly plugin: string; readonly kind: ResourceKind }>();

  /** Takes over what the host's plugins declare; a plugin that declares what another has is rejected. */
  open(host: PluginHost): void {
    this.#host = host;
    for (const plugin of host.plugins)
      try {
        this.#add(plugin);
      } catch (error) {
        if (!HubError.is(error)) throw error;
        host.reject(plugin.name, error);
      }
  }

  all(): readonly Registered[] {
    this.#sorted ??= [...this.#actions.values()].toSorted((a, b) => a.id.localeCompare(b.id));
    return this.#sorted;
  }

  has(id: string): boolean {
    return this.#actions.has(id);
  }

  get(id: string): Registered {
    const registered = this.#actions.get(id);
    if (registered === undefined)
      throw new HubError('action_unknown', `There is no action '${id.slice(0, 100)}'. The help lists all.`, { status: 404 });
    return registered;
  }

  /** The action with what its functions get; HubError `plugin_unavailable` when its plugin does not run. */
  find(id: string): Registered & { readonly base: Base<unknown, never> } {
    const registered = this.get(id);
    return { ...registered, base: this.#base(registered.plugin) };
  }

  kinds(): readonly { readonly kind: string; readonly title: string }[] {
    return [...this.#kinds].map(([kind, entry]) => ({ kind, title: entry.kind.title }));
  }

  kind(name: string): { readonly kind: ResourceKind; readonly base: Base<unknown, never> } {
    const entry = this.#kinds.get(name);
    if (entry === undefined)
      throw new HubError('kind_unknown', `There is no kind of thing called '${name.slice(0, 100)}'.`, { status: 404 });
    return { kind: entry.kind, base: this.#base(entry.plugin) };
  }

  #base(plugin: string): Base<unknown, never> {
    if (this.#host === undefined) throw new HubError('plugin_unavailable', 'The hub is still starting.', { status: 503, retryable: true });
    return this.#host.base(plugin);
  }

  #add(plugin: Plugin): void {
    const actions = Object.entries(plugin.actions ?? {});
    const kinds = Object.entries(plugin.resources ?? {});
    for (const [id] of actions) refuseTwice(id, plugin.name, this.#actions.get(id)?.plugin);
    for (const [name] of kinds) refuseTwice(name, plugin.name, this.#kinds.get(name)?.plugin);
    this.#sorted = undefined;
    for (const [id, action] of actions)
      this.#actions.set(id, { id, plugin: plugin.name, action, description: describeAction(plugin.name, id, action) });
    for (const [name, kind] of kinds) this.#kinds.set(name, { plugin: plugin.name, kind });
  }
}

function refuseTwice(id: string, plugin: string, other: string | undefined): void {
  if (other !== undefined)
    throw new HubError('plugin_declares_twice', `Both '${other}' and '${plugin}' declare '${id}'. Turn one of them off in plugins.json.`);
}
