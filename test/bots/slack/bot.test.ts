import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectSandbox, elementsIn, joinSandbox, textOf } from '../../../bots/sandbox/client.ts';
import type { Message } from '../../../bots/sandbox/protocol.ts';
import { createThings, type Things } from '../../kit/things.ts';
import { reads, startChat, type Chat } from './chat.ts';

let things: Things;
let chat: Chat;
beforeAll(async () => {
  things = createThings();
  chat = await startChat(things.plugin, { config: { confirmations: [{ tag: 'prod', by: 'second-person' }] } });
});
afterAll(() => chat[Symbol.asyncDispose]());

const labels = (message: Message): readonly string[] => elementsIn(message).map(({ label }) => label);
const seen = (person: keyof Pick<Chat, 'admin' | 'operator' | 'viewer'>): readonly Message[] => chat[person].state.messages;
const make = (name: string): Promise<unknown> => chat.hub.run('thing.create', { name });
const exists = (name: string): boolean => things.world.has(`default/${name}`);

describe('words', () => {
  it('are acknowledged at once and run the action they mean', async () => {
    const told = await chat.operator.command('/nova thing create web-1 --level 3');
    expect(told).toMatchObject({ ok: true });
    expect(told.ok && told.ackMs).toBeLessThan(1_000);
    const message = await chat.operator.waitForMessage(reads('✅', 'Create a thing', 'web-1'));
    expect(things.world.get('default/web-1')?.level).toBe(3);
    expect(message.ephemeralFor).toBeNull();
  });

  it('answer a read to the person alone', async () => {
    await make('quiet');
    await chat.operator.command('/nova thing get quiet');
    const message = await chat.operator.waitForMessage(reads('quiet stands at 1.'));
    expect(message.ephemeralFor).toBe('U0OPERATOR');
    expect(seen('viewer').some(reads('quiet stands at 1.'))).toBe(false);
  });

  it('show help with only what this person may do', async () => {
    await chat.viewer.command('/nova help');
    const help = textOf(await chat.viewer.waitForMessage(reads('What you can do')));
    expect(help).toContain('thing list');
    expect(help).not.toContain('thing drop');
    await chat.operator.command('/nova help thing create');
    await chat.operator.waitForMessage(reads('thing create &lt;name&gt;', 'changes something; no guest notices'));
  });

  it('that were mistyped are guessed, and the guess is a button', async () => {
    await chat.operator.command('/nova thing lsit');
    const guess = await chat.operator.waitForMessage(reads('Did you mean'));
    expect(labels(guess)).toContain('thing list');
    await chat.operator.press(guess, 'thing list');
    await chat.operator.waitForMessage(reads('Name', 'Level', 'web-1'));
  });

  it('of what may not be done are answered as if it did not exist', async () => {
    await chat.viewer.command('/nova thing drop web-1');
    const answer = await chat.viewer.waitForMessage((message) => message.ephemeralFor === 'U0VIEWER' && reads('thing drop')(message));
    expect(textOf(answer)).toContain('I do not know');
    expect(exists('web-1')).toBe(true);
  });

  it('that name what is not there say so with the code', async () => {
    await chat.operator.command('/nova thing get nobody');
    expect(await chat.operator.waitForMessage(reads("There is no thing 'nobody'", 'thing_unknown'))).toMatchObject({
      ephemeralFor: 'U0OPERATOR',
    });
  });

  it('with markup in them mention nobody', async () => {
    await chat.operator.command('/nova thing get "<!channel> *x*"');
    const message = await chat.operator.waitForMessage(reads('&lt;!channel&gt;'));
    expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
  });

  it('may be said in a direct message too, and are answered there for good', async () => {
    await chat.operator.say('thing list', { channel: 'D0OPERATOR' });
    const answer = await chat.operator.waitForMessage((message) => message.channel === 'D0OPERATOR' && reads('web-1')(message));
    expect(answer.ephemeralFor).toBeNull();
  });

  it('may follow a mention, and are answered in its thread', async () => {
    await chat.operator.say('<@U0NOVA> thing get web-1');
    const asked = await chat.operator.waitForMessage(({ text }) => text.startsWith('<@U0NOVA>'));
    const answer = await chat.operator.waitForMessage((message) => message.threadTs === asked.ts);
    expect(textOf(answer)).toContain('web-1 stands at 3.');
  });
});

describe('forms', () => {
  it('open where words are missing, with what is known', async () => {
    await chat.operator.command('/nova thing create --level 7');
    const view = await chat.operator.waitForView();
    expect(elementsIn(view).map(({ blockId }) => blockId)).toEqual(['name', 'level', 'tags', 'pauseMs']);
    expect(JSON.stringify(view.blocks)).toContain('"initial_value":"7"');
    expect(await chat.operator.submit(view, { name: 'from-form' })).toMatchObject({ ok: true });
    await chat.operator.waitForMessage(reads('✅', 'from-form'));
    expect(things.world.get('default/from-form')?.level).toBe(7);
    expect(chat.operator.state.views).toEqual([]);
  });

  it('show what is wrong at the field and stay open', async () => {
    await chat.operator.command('/nova thing create');
    const view = await chat.operator.waitForView();
    expect(await chat.operator.submit(view, { name: 'Not a name!' })).toMatchObject({ ok: false, errors: { name: 'must be a name' } });
    expect(await chat.operator.submit(view, {})).toMatchObject({ errors: { name: 'This is a required field' } });
    expect(await chat.operator.submit(view, { name: 'second-try', level: '2000' })).toMatchObject({
      errors: { level: expect.any(String) },
    });
    expect(await chat.operator.submit(view, { name: 'second-try', level: '2' })).toMatchObject({ ok: true });
    await chat.operator.waitForMessage(reads('✅', 'second-try'));
  });

  it('search what they pick from', async () => {
    await make('picked-a');
    await make('picked-b');
    await chat.operator.command('/nova thing raise');
    const view = await chat.operator.waitForView();
    const found = await chat.operator.suggest(view, 'thing', 'picked');
    expect(found.map(({ text }) => text.text)).toEqual(['picked-a', 'picked-b']);
    expect(await chat.operator.suggest(view, 'thing', 'no such')).toEqual([]);
    await chat.operator.submit(view, { thing: found[1] ?? '' });
    await chat.operator.waitForMessage(reads('✅', 'Raise a thing by one', 'picked-b'));
    expect(things.world.get('default/picked-b')?.level).toBe(2);
  });

  it('take a time with its unit', async () => {
    await chat.operator.command('/nova thing create');
    const view = await chat.operator.waitForView();
    expect(await chat.operator.submit(view, { name: 'timed', pauseMs: 'soon' })).toMatchObject({ errors: { pauseMs: expect.any(String) } });
    expect(await chat.operator.submit(view, { name: 'timed', pauseMs: '20ms' })).toMatchObject({ ok: true });
    await chat.operator.waitForMessage(reads('✅', 'timed'));
  });
});

describe('questions', () => {
  const ask = async (name: string): Promise<Message> => {
    await make(name);
    await chat.admin.command(`/nova thing drop ${name}`);
    return chat.admin.waitForMessage(reads(`'${name}' is lost.`, 'until'));
  };
  const now = (message: Message): string => {
    const found = seen('admin').find(({ ts }) => ts === message.ts);
    return found ? textOf(found) : '';
  };
  const settled = (message: Message, ...parts: string[]): Promise<Message> =>
    chat.admin.waitForMessage(
      (candidate) => candidate.ts === message.ts && elementsIn(candidate).length === 0 && reads(...parts)(candidate),
    );

  it('carry nothing but an opaque token, and become the message of the job', async () => {
    const question = await ask('doomed');
    const values = question.blocks.flatMap((block) => ((block['elements'] ?? []) as { value?: string }[]).map(({ value }) => value ?? ''));
    expect(new Set(values.filter((value) => value !== '')).size).toBe(1);
    expect(JSON.stringify(values)).not.toContain('doomed');
    expect(exists('doomed')).toBe(true);
    await chat.admin.press(question, 'Yes: Drop');
    await settled(question, '✅', 'Drop a thing');
    expect(exists('doomed')).toBe(false);
  });

  it('can be declined, once', async () => {
    const question = await ask('spared');
    await chat.admin.press(question, 'No, leave it');
    await settled(question, 'Declined by admin.default. Nothing was done.');
    expect(exists('spared')).toBe(true);
  });

  it('pressed twice at once run once, and say so', async () => {
    const question = await ask('twice');
    const before = things.happened.filter((what) => what === 'drop').length;
    await Promise.all([chat.admin.press(question, 'Yes: Drop'), chat.admin.press(question, 'Yes: Drop')]);
    await chat.admin.waitForMessage(reads('This was answered already.'));
    await settled(question, '✅');
    expect(things.happened.filter((what) => what === 'drop')).toHaveLength(before + 1);
  });

  it('cannot be answered by another person; the question stays', async () => {
    const question = await ask('not-yours');
    await chat.operator.press(question, 'Yes: Drop');
    await chat.operator.waitForMessage(reads('Only admin.default, who asked for it, can answer this.'));
    expect(now(question)).toContain("'not-yours' is lost.");
    expect(exists('not-yours')).toBe(true);
  });

  it('for a second person can be answered by somebody else only', async () => {
    await chat.hub.run('thing.create', { name: 'shared', tags: ['prod'] });
    await chat.operator.command('/nova thing raise shared');
    const question = await chat.operator.waitForMessage(reads('Raise a thing by one', 'Somebody other than'));
    await chat.operator.press(question, 'Yes: Raise');
    await chat.operator.waitForMessage(reads('A second person has to answer this'));
    await chat.admin.press(question, 'Yes: Raise');
    await chat.admin.waitForMessage((message) => message.ts === question.ts && reads('✅', 'operator.default, confirmed by')(message));
    expect(things.world.get('default/shared')?.level).toBe(2);
  });

  it('that are too old say so in their message', async () => {
    const question = await ask('too-late');
    chat.clock.advance(601_000);
    await chat.admin.press(question, 'Yes: Drop');
    await settled(question, 'It is too late to answer this.', 'Nothing was done.');
    expect(exists('too-late')).toBe(true);
  });

  it('are asked again when the world has changed', async () => {
    const question = await ask('moved');
    await chat.hub.run('thing.raise', { thing: 'moved' });
    await chat.admin.press(question, 'Yes: Drop');
    const again = await chat.admin.waitForMessage((message) => message.ts === question.ts && reads('Things have changed')(message));
    expect(exists('moved')).toBe(true);
    await chat.admin.press(again, 'Yes: Drop');
    await settled(question, '✅');
    expect(exists('moved')).toBe(false);
  });

  it('about what is gone meanwhile say so', async () => {
    const question = await ask('gone');
    things.world.delete('default/gone');
    await chat.admin.press(question, 'Yes: Drop');
    expect(elementsIn(await settled(question, 'There is no thing', 'Nothing was done.'))).toEqual([]);
  });
});

describe('jobs', () => {
  it('have one message that ends with what may come next', async () => {
    await make('next');
    await chat.admin.command('/nova thing raise next');
    const message = await chat.admin.waitForMessage(reads('✅', 'Raise a thing by one', 'next'));
    expect(labels(message)).toEqual(['Raise', 'Drop']);
    await chat.admin.press(message, 'Raise');
    await chat.admin.waitForMessage((other) => other.ts > message.ts && reads('✅', 'Raise a thing by one')(other));
    expect(things.world.get('default/next')?.level).toBe(3);
  });

  it('can be cancelled while they run; what was done is taken back', async () => {
    await chat.operator.command('/nova thing create slow --pause 60s');
    const message = await chat.operator.waitForMessage(
      (candidate) => reads('Create a thing')(candidate) && labels(candidate).includes('Cancel'),
    );
    await chat.operator.press(message, 'Cancel');
    await chat.operator.waitForMessage(
      (candidate) => candidate.ts === message.ts && reads('It was cancelled by operator.default.')(candidate),
    );
    expect(exists('slow')).toBe(false);
    expect(seen('operator').filter(reads('slow'))).toEqual([]);
  });

  it('that fail say why, with the code', async () => {
    await make('taken');
    await chat.operator.command('/nova thing create taken');
    const failed = await chat.operator.waitForMessage(reads('❌', "There is a thing 'taken' already.", 'thing_name_taken'));
    expect(labels(failed)).toEqual([]);
  });
});

describe('envelopes that come twice', () => {
  it('run a job once and post one message', async () => {
    await chat.operator.command('/nova thing create once');
    await chat.sandbox.faults.redeliver('slash_commands');
    await chat.operator.waitForMessage(reads('✅', 'once'));
    await chat.operator.command('/nova thing get once');
    await chat.operator.waitForMessage(reads('once stands at 1.'));
    expect(seen('operator').filter(reads('once', 'Create a thing'))).toHaveLength(1);
    expect((await chat.hub.jobs.list({}, chat.hub.as('admin'))).filter((job) => JSON.stringify(job.state).includes('"once"'))).toHaveLength(
      1,
    );
  });
});

describe('people', () => {
  it('who are linked to nobody are told how to be linked, and then are', async () => {
    const user = await joinSandbox(chat.sandbox.pageUrl, 'Gus');
    const gus = await connectSandbox({ pageUrl: chat.sandbox.pageUrl, user });
    await gus.command('/nova thing list');
    await gus.waitForMessage(reads('I do not know who you are', '/nova link CODE'));
    await gus.command('/nova link wrong');
    await gus.waitForMessage(reads('This code is not valid', 'auth_invalid'));
    const code = await chat.hub.identity.createLinkCode(chat.hub.as('viewer'));
    await gus.command(`/nova link ${code}`);
    await gus.waitForMessage(reads('Welcome, viewer.default.'));
    await gus.command('/nova thing list');
    expect(await gus.waitForMessage((message) => message.ephemeralFor === user && reads('Level')(message))).toBeDefined();
    gus.close();
  });

  it('see their jobs and the things of all kinds on the Home tab', async () => {
    await chat.operator.openHome();
    const home = await chat.operator.waitFor((state) => (state.home ? textOf(state.home) : undefined));
    expect(home).toContain('Your jobs');
    expect(home).toContain('Create a thing');
    expect(home).toContain('web-1');
  });

  it('act from the Home tab and are answered in a direct message', async () => {
    const home = await chat.operator.waitFor((state) => state.home ?? undefined);
    await chat.operator.press(home, 'Raise');
    const answer = await chat.operator.waitForMessage(
      (message) => message.channel === 'D0OPERATOR' && reads('✅', 'Raise a thing')(message),
    );
    expect(answer.ephemeralFor).toBeNull();
  });
});

describe('an outage of the chat service', () => {
  it('approves nothing, and the bot comes back by itself', async () => {
    await make('during');
    await chat.admin.command('/nova thing drop during');
    const question = await chat.admin.waitForMessage(reads("'during' is lost."));
    chat.sandbox.faults.outage(true);
    await chat.admin.waitFor(({ app }) => (app.connected ? undefined : true));
    expect(await chat.admin.press(question, 'Yes: Drop')).toEqual({ ok: false, error: 'dispatch_failed' });
    expect(exists('during')).toBe(true);
    chat.sandbox.faults.outage(false);
    await chat.admin.waitFor(({ app }) => (app.connected ? true : undefined), AbortSignal.timeout(18_000));
    await chat.admin.press(question, 'Yes: Drop');
    await chat.admin.waitForMessage((message) => message.ts === question.ts && reads('✅')(message));
  });
});
