/**
 * What must be a compile error for the author of a plugin: tsc fails when one of these lines compiles. Never run.
 */
import { z } from 'zod';
import { type Actions, definePlugin, defineService, type Job, type JobState, optional, type Plugin } from 'novacron/plugin';

interface Ticker {
  ticks(): number;
}
const Ticker = defineService<Ticker>('ticker');

const head = {
  name: 'sample',
  api: 1,
  config: z.object({ countMax: z.int().default(3) }),
  needs: { ticker: Ticker },
  provides: {},
} as const;

/** What must compile, so that the errors below are about what they say. */
export const right: Plugin = definePlugin({ ...head, provides: { again: Ticker } }, ({ action, resource }) => ({
  actions: {
    'sample.count': action({
      title: 'Count',
      label: 'Count',
      risk: 'change',
      input: z.object({ text: z.string(), times: z.int().default(1) }),
      output: z.object({ total: z.number() }),
      async run({ services, config, step, progress }, { text, times }) {
        const ticks: number = services.ticker.ticks();
        const limit: number = config.countMax;
        progress(0.5, text.toUpperCase());
        return { total: await step('sum', async () => ticks + limit + times) };
      },
      show: ({ total }, { text }) => ({ text: `${text}: ${total.toFixed(0)}` }),
    }),
  },
  resources: {
    sample: resource({
      title: 'Sample',
      get: async ({ services }, id) => ({ kind: 'sample', id, name: String(services.ticker.ticks()), tenant: null, tags: [], owner: null }),
      search: async () => [],
      card: async (_, { name }) => ({ title: name, fields: [], actions: [] }),
    }),
  },
  start: ({ config }) => ({ again: { ticks: () => config.countMax } }),
}));

export const undeclaredService = definePlugin(head, ({ action }) => ({
  actions: {
    'sample.x': action({
      title: 'X',
      label: 'X',
      risk: 'read',
      input: z.object({}),
      output: z.null(),
      async run({ services }) {
        // @ts-expect-error a service that `needs` does not name
        void services.hypervisor;
        // @ts-expect-error a method that the service does not have
        services.ticker.tock();
        return null;
      },
    }),
  },
}));

export const optionalService = definePlugin({ ...head, needs: { ticker: optional(Ticker) } }, () => ({
  start({ services }) {
    // @ts-expect-error it may not be there
    services.ticker.ticks();
    return {};
  },
}));

export const wrongInput = definePlugin(head, ({ action }) => ({
  actions: {
    'sample.x': action({
      title: 'X',
      label: 'X',
      risk: 'read',
      input: z.object({ text: z.string() }),
      output: z.null(),
      target(input) {
        // @ts-expect-error a field that the input schema does not have
        return { kind: 'sample', id: input.id };
      },
      async run(_, input) {
        // @ts-expect-error text is no number
        const figure: number = input.text;
        void figure;
        return null;
      },
    }),
  },
}));

export const wrongConfig = definePlugin(head, () => ({
  start({ config }) {
    // @ts-expect-error a setting that the config schema does not have
    void config.countMin;
    return {};
  },
}));

export const wrongOutput = definePlugin(head, ({ action }) => ({
  actions: {
    'sample.x': action({
      title: 'X',
      label: 'X',
      risk: 'read',
      input: z.object({}),
      output: z.object({ total: z.number() }),
      // @ts-expect-error what run returns is not what the output schema promises
      run: async () => ({ total: 'three' }),
    }),
  },
}));

export const wrongRisk = definePlugin(head, ({ action }) => ({
  actions: {
    'sample.x': action({
      title: 'X',
      label: 'X',
      // @ts-expect-error no such risk
      risk: 'boom',
      input: z.object({}),
      output: z.null(),
      run: async () => null,
    }),
  },
}));

export const noOutput = definePlugin(head, ({ action }) => ({
  actions: {
    // @ts-expect-error an action says what it returns
    'sample.x': action({ title: 'X', label: 'X', risk: 'read', input: z.object({}), run: async () => null }),
  },
}));

export const promisesNotKept = definePlugin({ ...head, provides: { again: Ticker } }, () => ({
  // @ts-expect-error start does not return what `provides` promises
  start: () => ({}),
}));

export const promisesWrong = definePlugin({ ...head, provides: { again: Ticker } }, () => ({
  // @ts-expect-error start returns another thing than `provides` promises
  start: () => ({ again: { ticks: () => 'three' } }),
}));

export const wrongApi = definePlugin(
  // @ts-expect-error there is only api 1
  { ...head, api: 2 },
  () => ({}),
);

export const wrongStep = definePlugin(head, ({ action }) => ({
  actions: {
    'sample.x': action({
      title: 'X',
      label: 'X',
      risk: 'change',
      input: z.object({}),
      output: z.number(),
      // @ts-expect-error a step gives back what its function returns
      run: async ({ step }): Promise<number> => step('x', async () => 'text'),
    }),
  },
}));

export const wrongUnit = definePlugin(head, () => ({
  // @ts-expect-error no such unit
  metrics: { sample: { heightMetres: { unit: 'metres', kind: 'gauge', help: 'Height.' } } },
}));

export async function calls(actions: Actions, actor: Job['actor']): Promise<void> {
  // @ts-expect-error a call is made by a whole actor, with role and tenant
  await actions.execute('vm.list', {}, { actor, via: 'http' });
  // @ts-expect-error no such surface
  await actions.execute('vm.list', {}, { actor: {} as never, via: 'telnet' });
}

/** States are a union: what belongs to one state cannot be read without asking which it is. */
export function outputOf(state: JobState): unknown {
  // @ts-expect-error only a job that succeeded has an output
  void state.output;
  return state.is === 'succeeded' ? state.output : null;
}
