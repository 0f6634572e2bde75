import { setTimeout as wait } from 'node:timers/promises';
import { z } from 'zod';
import { definePlugin, HubError, ref, type Plugin, type Resource } from '../../core/contract.ts';

export interface Thing {
  readonly name: string;
  readonly tenant: string;
  readonly tags: readonly string[];
  level: number;
}

/** A small world outside the hub, with a plugin that acts on it: what a hypervisor is to the real one. */
export interface Things {
  readonly plugin: Plugin;
  readonly world: Map<string, Thing>;
  /** Everything that happened to the world, in order. */
  readonly happened: string[];
  /** The next call of this kind fails so; `lost`: it happens, and then its answer is lost. */
  readonly faults: Map<string, 'lost' | 'down' | 'bug'>;
}

const name = z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be a name');
const Out = z.strictObject({ name: z.string(), level: z.number() });

const toResource = ({ name, tenant, tags }: Thing): Resource => ({
  kind: 'thing',
  id: `${tenant}/${name}`,
  name,
  tenant,
  tags,
  owner: null,
});

export function createThings(): Things {
  const world = new Map<string, Thing>();
  const happened: string[] = [];
  const faults: Things['faults'] = new Map();
  const find = (idOrName: string, tenant: string | null): Thing | undefined =>
    [...world.values()].find(
      (thing) => (tenant === null || thing.tenant === tenant) && [thing.name, `${thing.tenant}/${thing.name}`].includes(idOrName),
    );
  const mustFind = (target: Resource | null): Thing => {
    const thing = find(target?.id ?? '', null);
    if (thing === undefined) throw new HubError('thing_gone', 'The thing is gone.', { status: 409 });
    return thing;
  };
  const act = async (what: string, change: () => void): Promise<void> => {
    const fault = faults.get(what.split(' ')[0] ?? '');
    faults.delete(what.split(' ')[0] ?? '');
    if (fault === 'bug') throw new TypeError('undefined is not a function');
    if (fault === 'down') throw new HubError('world_down', 'The world does not answer.', { status: 503, retryable: true });
    change();
    happened.push(what);
    await Promise.resolve();
    if (fault === 'lost') throw new HubError('world_down', 'The answer was lost.', { status: 503, retryable: true });
  };

  const plugin = definePlugin({ name: 'things', api: 1, config: z.object({}), needs: {}, provides: {} }, ({ action, resource }) => ({
    resources: {
      thing: resource({
        title: 'Thing',
        get: async (_, idOrName, { tenant }) => {
          const thing = find(idOrName, tenant);
          return thing && toResource(thing);
        },
        search: async (_, { text, tenant, rowsMax }) =>
          [...world.values()]
            .filter((thing) => thing.name.includes(text) && (tenant === null || thing.tenant === tenant))
            .slice(0, rowsMax)
            .map(toResource),
        card: async (_, { name }) => ({
          title: name,
          fields: [{ label: 'level', value: String(find(name, null)?.level) }],
          actions: ['thing.raise', 'thing.drop'],
        }),
      }),
    },
    actions: {
      'thing.get': action({
        title: 'Show a thing',
        label: 'Show',
        risk: 'read',
        input: z.strictObject({ thing: z.string().meta({ picker: 'thing' }) }),
        output: Out,
        positional: ['thing'],
        target: ({ thing }) => ref('thing', thing),
        async run({ target }) {
          const { name, level } = mustFind(target);
          return { name, level };
        },
        show: ({ name, level }) => ({ text: `${name} stands at ${level}.` }),
      }),
      'thing.list': action({
        title: 'List things',
        label: 'List',
        risk: 'read',
        input: z.strictObject({}),
        output: z.array(Out),
        run: async ({ actor }) =>
          [...world.values()]
            .filter(({ tenant }) => actor.role === 'admin' || tenant === actor.tenant)
            .map(({ name, level }) => ({ name, level })),
      }),
      'thing.create': action({
        title: 'Create a thing',
        label: 'Create',
        risk: 'change',
        input: z.strictObject({
          name,
          level: z.int().min(0).max(1000).default(1),
          tags: z.array(z.string()).default([]),
          pauseMs: z.int().min(0).default(0),
        }),
        output: Out,
        positional: ['name'],
        target: (_, actor) => ref('tenant', actor.tenant),
        queue: (input, actor) => `thing:${actor.tenant}/${input.name}`,
        async run({ step, actor, progress, signal }, { name, level, tags, pauseMs }) {
          const id = `${actor.tenant}/${name}`;
          await step(
            'make',
            async () => {
              if (world.get(id)?.level === -1) return;
              if (world.has(id)) throw new HubError('thing_name_taken', `There is a thing '${name}' already.`, { status: 409 });
              await act('make', () => world.set(id, { name, tenant: actor.tenant, tags, level: -1 }));
            },
            async () => {
              if (world.get(id)?.level === -1) await act('unmake', () => world.delete(id));
            },
          );
          progress(0.5, 'half way');
          await step('pause', (signal) => wait(pauseMs, undefined, { signal }));
          signal.throwIfAborted();
          await step('fill', () => act('fill', () => (mustFind({ id } as Resource).level = level)));
          return { name, level };
        },
      }),
      'thing.raise': action({
        title: 'Raise a thing by one',
        label: 'Raise',
        risk: 'change',
        input: z.strictObject({ thing: z.string().meta({ picker: 'thing' }), pauseMs: z.int().default(0) }),
        output: Out,
        positional: ['thing'],
        target: ({ thing }) => ref('thing', thing),
        async run({ step, target }, { pauseMs }) {
          const before = await step('look', async () => mustFind(target).level);
          await step('pause', (signal) => wait(pauseMs, undefined, { signal }));
          await step('raise', () => act(`raise ${before + 1}`, () => (mustFind(target).level = before + 1)));
          return { name: mustFind(target).name, level: before + 1 };
        },
      }),
      'thing.drop': action({
        title: 'Drop a thing',
        label: 'Drop',
        risk: 'destroy',
        input: z.strictObject({ thing: z.string().meta({ picker: 'thing' }) }),
        output: z.null(),
        positional: ['thing'],
        target: ({ thing }) => ref('thing', thing),
        plan: async ({ target }) => ({ sentences: [`'${target?.name}' is lost.`], facts: { level: mustFind(target).level } }),
        async run({ step, target }) {
          await step('drop', () => act('drop', () => world.delete(target?.id ?? '')));
          return null;
        },
      }),
      'thing.lie': action({
        title: 'Return the wrong shape',
        label: 'Lie',
        risk: 'read',
        input: z.strictObject({}),
        output: Out,
        run: async () => ({ wrong: true }) as never,
      }),
    },
  }));
  return { plugin, world, happened, faults };
}
