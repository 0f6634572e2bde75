import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { until } from '../../kit/collect.ts';
import { runSql } from '../../kit/postgres-server.ts';
import { createThings } from '../../kit/things.ts';
import { textOf } from '../../../bots/sandbox/client.ts';
import { reads, startChat } from './chat.ts';

it('goes on in the same message when the hub restarts in the middle of a job', async () => {
  const things = createThings();
  await using chat = await startChat(things.plugin);
  await chat.operator.command('/nova thing create survivor --pause 2500ms');
  const message = await chat.operator.waitForMessage(reads('Create a thing', 'Cancel'));
  await chat.stopHub();
  await chat.startHub();
  await chat.operator.waitForMessage((candidate) => candidate.ts === message.ts && reads('✅', 'survivor')(candidate));
  expect(chat.operator.state.messages.filter((candidate) => textOf(candidate).includes('Create a thing'))).toHaveLength(1);
  expect(things.happened.filter((what) => what === 'make')).toHaveLength(1);
});

it('finds a message again that Slack took before the hub knew', async () => {
  const things = createThings();
  await using chat = await startChat(things.plugin);
  await chat.operator.command('/nova thing create found --pause 2500ms');
  const message = await chat.operator.waitForMessage(reads('Create a thing', 'Cancel'));
  await chat.stopHub();
  await chat.forgetMessages();
  await chat.startHub();
  await chat.operator.waitForMessage((candidate) => candidate.ts === message.ts && reads('✅', 'found')(candidate));
  expect(chat.operator.state.messages.filter((candidate) => textOf(candidate).includes('Create a thing'))).toHaveLength(1);
});

it('shows the end of a job in its message when the hub that looked after it is gone', async () => {
  const things = createThings();
  await using chat = await startChat(things.plugin);
  await chat.operator.command('/nova thing create left --pause 1500ms');
  const message = await chat.operator.waitForMessage(reads('Create a thing', 'Cancel'));
  await chat.stopHub();
  await runSql(chat.hub.databaseUrl, "update plugin_slack.job_message set hub = 'hub-gone'");
  await chat.startHub();
  await until('it has been made', () => things.happened.includes('fill'));
  await sleep(1_000);
  const now = (): string => textOf(chat.operator.state.messages.find(({ ts }) => ts === message.ts) ?? message);
  // The hub that looks after it may be about to show it.
  expect(now()).not.toContain('✅');
  chat.clock.advance(60_000);
  await until('the end is shown', () => now().includes('✅'), 20_000);
  expect(chat.operator.state.messages.filter((candidate) => textOf(candidate).includes('Create a thing'))).toHaveLength(1);
}, 60_000);

it('posts a new message when the old one was deleted meanwhile', async () => {
  const things = createThings();
  await using chat = await startChat(things.plugin);
  await chat.operator.command('/nova thing create again --pause 2500ms');
  const message = await chat.operator.waitForMessage(reads('Create a thing', 'Cancel'));
  const headers = { authorization: `Bearer ${chat.sandbox.botToken.reveal()}`, 'content-type': 'application/json' };
  const body = JSON.stringify({ channel: message.channel, ts: message.ts });
  await fetch(`${chat.sandbox.apiUrl}chat.delete`, { method: 'POST', headers, body });
  const next = await chat.operator.waitForMessage(reads('✅', 'again'));
  expect(next.ts > message.ts).toBe(true);
});

it('starts and stops while the chat service is away, and connects when it is back', async () => {
  await using chat = await startChat(createThings().plugin);
  await chat.stopHub();
  chat.sandbox.faults.outage(true);
  const starting = chat.startHub();
  await until('a call was refused', () => chat.sandbox.faults.refused() > 0);
  chat.sandbox.faults.outage(false);
  await starting;
  expect(chat.hub.plugins().get('slack')).toMatchObject({ is: 'started' });
  await chat.admin.command('/nova me get');
  await chat.admin.waitForMessage(reads('You are admin.default'));
});
