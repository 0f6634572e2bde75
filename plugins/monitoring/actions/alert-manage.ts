import { HubError, ref } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import type { KnownRule } from '../rules/book.ts';
import { rulesOf } from '../rules/start.ts';
import { alertRef, knownOf, line, lineOf } from './alert-line.ts';

function notDeletable({ id, from, by }: KnownRule): HubError {
  const how = from === 'file' ? ', or take it out of the file' : '';
  return new HubError('alert_not_deletable', `The rule '${id}' is from the ${from} ${by}. Turn it off with alert disable${how}.`, {
    status: 409,
  });
}

const disableAlert = ({ action }: MonitoringTools) =>
  action({
    title: 'Turn an alert rule off',
    label: 'Disable an alert',
    help: 'What it has firing resolves. To be quiet for a while only, silence it instead.',
    risk: 'change',
    input: alertRef.extend({ reason: z.string().min(1).max(500).meta({ title: 'Reason', description: 'For those who wonder later' }) }),
    output: line,
    positional: ['rule', 'reason'],
    examples: ['alert disable monitoring.vm-vanished "lab machines come and go"'],
    target: ({ rule }) => ref('alert', rule),
    show: ({ id }) => ({ text: `The rule '${id}' is off.` }),
    async run(ctx, { reason }) {
      return ctx.step('disable', async () => {
        const { store, book } = rulesOf(ctx);
        await store.turnOff({ rule: knownOf(ctx).id, by: ctx.actor.name, at: ctx.clock.now(), reason });
        await book.refresh();
        return lineOf(ctx, knownOf(ctx));
      });
    },
  });

const enableAlert = ({ action }: MonitoringTools) =>
  action({
    title: 'Turn an alert rule on again',
    label: 'Enable an alert',
    risk: 'change',
    input: alertRef,
    output: line,
    positional: ['rule'],
    examples: ['alert enable monitoring.vm-vanished'],
    target: ({ rule }) => ref('alert', rule),
    show: ({ id }) => ({ text: `The rule '${id}' is on.` }),
    async run(ctx) {
      return ctx.step('enable', async () => {
        const { store, book } = rulesOf(ctx);
        await store.turnOn(knownOf(ctx).id);
        await book.refresh();
        return lineOf(ctx, knownOf(ctx));
      });
    },
  });

const deleteAlert = ({ action }: MonitoringTools) =>
  action({
    title: 'Delete an alert rule that a person made',
    label: 'Delete an alert',
    help: 'Rules of plugins and files are turned off instead (alert disable), or taken out of the file.',
    risk: 'change',
    input: alertRef,
    output: z.strictObject({ id: z.string() }),
    positional: ['rule'],
    examples: ['alert delete web-cpu'],
    target: ({ rule }) => ref('alert', rule),
    show: ({ id }) => ({ text: `The rule '${id}' is gone; what it had firing resolves.` }),
    async run(ctx) {
      const id = ctx.target?.id ?? '';
      await ctx.step('delete', async () => {
        const { store, book } = rulesOf(ctx);
        const known = book.get(id);
        if (known !== undefined && known.from !== 'person') throw notDeletable(known);
        await store.remove(id);
        await book.refresh();
      });
      return { id };
    },
  });

export const manageActions = (tools: MonitoringTools) => ({
  'alert.disable': disableAlert(tools),
  'alert.enable': enableAlert(tools),
  'alert.delete': deleteAlert(tools),
});
