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
  readonly #host: Pick<PluginHost, 'base'>;
  readonly #actions = new Map<string, Registered>();
  readonly #kinds = new Map<string, { readonly plugin: string; readonly kind: ResourceKind }>();

  constructor(plugins: readonly Plugin[], host: Pick<PluginHost, 'base'>) {
    this.#host = host;
    for (const plugin of plugins) {
      for (const [id, action] of Object.entries(plugin.actions ?? {})) {
        this.#refuseTwice(id, { plugin: plugin.name, other: this.#actions.get(id)?.plugin });
        this.#actions.set(id, { id, plugin: plugin.name, action, description: describeAction(plugin.name, id, action) });
      }
      for (const [name, kind] of Object.entries(plugin.resources ?? {})) {
        this.#refuseTwice(name, { plugin: plugin.name, other: this.#kinds.get(name)?.plugin });
        this.#kinds.set(name, { plugin: plugin.name, kind });
      }
    }
  }

  all(): readonly Registered[] {
    return [...this.#actions.values()].toSorted((a, b) => a.id.localeCompare(b.id));
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
    return { ...registered, base: this.#host.base(registered.plugin) };
  }

  kinds(): readonly { readonly kind: string; readonly title: string }[] {
    return [...this.#kinds].map(([kind, entry]) => ({ kind, title: entry.kind.title }));
  }

  kind(name: string): { readonly kind: ResourceKind; readonly base: Base<unknown, never> } {
    const entry = this.#kinds.get(name);
    if (entry === undefined)
      throw new HubError('kind_unknown', `There is no kind of thing called '${name.slice(0, 100)}'.`, { status: 404 });
    return { kind: entry.kind, base: this.#host.base(entry.plugin) };
  }

  #refuseTwice(id: string, { plugin, other }: { plugin: string; other: string | undefined }): void {
    if (other !== undefined)
      throw new HubError('plugin_declares_twice', `Both '${other}' and '${plugin}' declare '${id}'. Turn one of them off in plugins.json.`);
  }
}
