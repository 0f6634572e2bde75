import type { types } from '@slack/bolt';
import { hasEnded, HubError, type Actor, type Job } from 'novacron/plugin';
import { buttons, button, context, divider, header, LIMITS, PRESS, section, type Block } from './block-kit.ts';
import type { Bot } from './bot.ts';
import { progressBar } from './job-blocks.ts';
import { bold, escape, inlineCode, moment } from './mrkdwn.ts';
import { offerButtons } from './offers.ts';
import { toneSign } from './view-blocks.ts';

const JOBS_MAX = 6;
const CARDS_MAX = 5;
const KINDS_MAX = 6;

const SIGNS: Readonly<Record<Job['state']['is'], string>> = {
  queued: '⏳',
  waiting: '⏳',
  running: '🔵',
  cancelling: '🟠',
  succeeded: '✅',
  failed: '❌',
  cancelled: '⏹️',
  undone: '↩️',
};

function jobLine(job: Job): string {
  const about = job.target && job.target.kind !== 'tenant' ? ` · ${escape(job.target.name, 80)}` : '';
  const far = job.state.is === 'running' && job.state.fraction !== null ? `  ${progressBar(job.state.fraction)}` : '';
  return `${SIGNS[job.state.is]}  ${bold(job.title, 100)}${about}${far}  ${moment(job.createdAt)}`;
}

async function jobBlocks(bot: Bot, actor: Actor): Promise<Block[]> {
  const jobs = (await bot.jobs.list({ rowsMax: 50 }, actor)).filter((job) => job.actor.id === actor.id).slice(0, JOBS_MAX);
  if (jobs.length === 0) return [section('_You have started nothing yet._')];
  return jobs.flatMap((job): Block[] => [
    section(jobLine(job)),
    ...(hasEnded(job) ? [] : buttons([button({ id: PRESS.cancel, label: 'Cancel', value: job.id })])),
  ]);
}

/** One thing in one line of text, with the first of its actions. */
async function thingBlocks(
  bot: Bot,
  actor: Actor,
  thing: { readonly kind: string; readonly id: string; readonly name: string },
): Promise<Block[]> {
  const { card } = await bot.resources.card(thing.kind, thing.id, actor);
  const state = card.state ? `${toneSign(card.state.tone)} ${escape(card.state.text, 60)}` : '';
  const facts = card.fields.slice(0, 4).map(({ label, value }) => `${escape(label, 30)} ${escape(value, 60)}`);
  const line = [state, ...facts].filter((part) => part !== '').join('  ·  ');
  const next = offerButtons(card.actions, bot.actions.list(actor), { things: { [thing.kind]: thing.id } }).slice(0, 4);
  return [section(`${bold(card.title, 150)}${line === '' ? '' : `\n${line}`}`), ...buttons(next)];
}

async function kindBlocks(bot: Bot, actor: Actor, kind: { readonly kind: string; readonly title: string }): Promise<Block[]> {
  try {
    const things = await bot.resources.search(kind.kind, { text: '', rowsMax: CARDS_MAX + 1 }, actor);
    if (things.length === 0) return [];
    const cards = await Promise.all(things.slice(0, CARDS_MAX).map((thing) => thingBlocks(bot, actor, thing)));
    const more = things.length > CARDS_MAX ? [context(`There are more: ${inlineCode(`/nova ${kind.kind} list`)}`)] : [];
    return [divider, header(kind.title), ...cards.flat(), ...more];
  } catch (error) {
    if (!HubError.is(error)) throw error;
    return [divider, header(kind.title), context(escape(error.message, 500))];
  }
}

/** The Home tab: the person's jobs, then the things they may see, of every kind that the plugins declare. */
export async function homeView(bot: Bot, actor: Actor | undefined): Promise<types.HomeView> {
  if (!actor) {
    const text = `I do not know who you are in the hub yet. Type ${inlineCode('/nova help')} to see how to change that.`;
    return { type: 'home', blocks: [header('NovaCron'), section(text)] };
  }
  const kinds = bot.resources.kinds().slice(0, KINDS_MAX);
  const things = (await Promise.all(kinds.map((kind) => kindBlocks(bot, actor, kind)))).flat();
  const refresh = button({ id: `${PRESS.home}.refresh`, label: 'Refresh', value: 'refresh' });
  const help = button({ id: `${PRESS.words}.help`, label: 'What can I do?', value: 'help' });
  const blocks: Block[] = [
    section(`Hello ${bold(actor.name, 80)}. You are ${escape(actor.role, 40)} in tenant ${escape(actor.tenant, 60)}.`),
    ...buttons([refresh, help]),
    divider,
    header('Your jobs'),
    ...(await jobBlocks(bot, actor)),
    ...things,
  ];
  return { type: 'home', blocks: blocks.slice(0, LIMITS.viewBlocks) };
}

/** Shows the Home tab as it is now. */
export async function publishHome(bot: Bot, workspace: string, user: string): Promise<void> {
  const actor = await bot.users.byChat(workspace, user);
  await bot.client.views.publish({ user_id: user, view: await homeView(bot, actor) });
}
