import { HubError, type Plugin, type ServiceRef } from '../contract.ts';

/**
 * The order to start plugins in: each after those that provide what it needs; otherwise as given. `core` are service ids that the core provides.
 * Throws `plugin_needs_missing`, `plugin_cycle`, `plugin_provides_twice`, each with the plugins at fault in `details.plugins`.
 */
export function startOrder(plugins: readonly Plugin[], core: ReadonlySet<string>): Plugin[] {
  const provider = providers(plugins, core);
  const done = new Set<Plugin>();
  const path: Plugin[] = [];

  const visit = (plugin: Plugin): void => {
    if (done.has(plugin)) return;
    const seenAt = path.indexOf(plugin);
    if (seenAt >= 0) throw cycle([...path.slice(seenAt), plugin]);
    path.push(plugin);
    for (const { id, optional = false } of Object.values<ServiceRef<unknown>>(plugin.needs)) {
      const by = provider.get(id);
      if (by !== undefined) visit(by);
      else if (!core.has(id) && !optional) throw missing(plugin, id);
    }
    path.pop();
    done.add(plugin);
  };

  for (const plugin of plugins) visit(plugin);
  return [...done];
}

function providers(plugins: readonly Plugin[], core: ReadonlySet<string>): Map<string, Plugin> {
  const provider = new Map<string, Plugin>();
  for (const plugin of plugins)
    for (const { id } of Object.values<ServiceRef<unknown>>(plugin.provides)) {
      const other = core.has(id) ? 'the core' : provider.get(id)?.name;
      if (other !== undefined)
        throw new HubError(
          'plugin_provides_twice',
          `Both ${other} and '${plugin.name}' provide '${id}'. Turn one of them off in plugins.json.`,
          {
            details: { plugins: [plugin.name] },
          },
        );
      provider.set(id, plugin);
    }
  return provider;
}

const missing = (plugin: Plugin, id: string): HubError =>
  new HubError(
    'plugin_needs_missing',
    `Plugin '${plugin.name}' needs '${id}', which no plugin in plugins.json provides. Add one that does, or remove '${plugin.name}'.`,
    {
      details: { plugins: [plugin.name] },
    },
  );

const cycle = (path: readonly Plugin[]): HubError =>
  new HubError(
    'plugin_cycle',
    `These plugins need each other in a circle: ${path.map((plugin) => `'${plugin.name}'`).join(' → ')}. One of them has to let go.`,
    {
      details: { plugins: path.map((plugin) => plugin.name) },
    },
  );
