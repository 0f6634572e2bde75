import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Call, Confirmation, HubError, Outcome } from '../../../core/contract.ts';
import { createTestClock } from '../../kit/clock.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createThings } from '../../kit/things.ts';

const things = createThings();
const clock = createTestClock();
let hub: TestHub;

beforeAll(async () => {
  const confirmations = [{ tag: 'production', risk: 'destroy' as const, by: 'second-person' as const }];
  hub = await startTestHub({ plugins: [things.plugin], clock, config: { confirmations } });
});
afterAll(() => hub[Symbol.asyncDispose]());
beforeEach(() => {
  things.world.clear();
  things.happened.length = 0;
  for (const [tenant, name] of [
    ['default', 'anvil'],
    ['default', 'bell'],
    ['other', 'crate'],
  ] as const)
    things.world.set(`${tenant}/${name}`, { name, tenant, tags: [], level: 1 });
});

const call = (role: Parameters<TestHub['as']>[0], more: Partial<Call> = {}): Call => ({ actor: hub.as(role), via: 'http', ...more });
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: HubError) => error.code,
  );
const asked = (outcome: Outcome): Confirmation => {
  if (outcome.is !== 'confirm') throw new Error(`Expected a question, got '${outcome.is}'.`);
  return outcome.confirmation;
};
const drop = (thing: string, more: Call): Promise<Outcome> => hub.actions.execute('thing.drop', { thing }, more);
const newest = async () => (await hub.audit.list({ rowsMax: 1 }))[0];

describe('stage 1, parse', () => {
  it('refuses an unknown action, a wrong type and an unknown field, naming the field', async () => {
    expect(await codeOf(hub.actions.execute('thing.fly', {}, call('admin')))).toBe('action_unknown');
    const wrong = hub.actions.execute('thing.create', { name: 'X Y', level: 'high', wings: 2 }, call('admin'));
    await expect(wrong).rejects.toMatchObject({ code: 'input_invalid', status: 400 });
    await expect(wrong).rejects.toThrow(/name: must be a name.*level/s);
  });

  it('applies defaults before anything else sees the input', async () => {
    expect(await hub.run('thing.create', { name: 'drum' })).toEqual({ name: 'drum', level: 1 });
  });
});

describe('stages 2 and 3, target and authorization', () => {
  it('says the same of what does not exist and of what another tenant has', async () => {
    const messages = await Promise.all(
      ['nowhere', 'crate', 'other/crate'].map((thing) =>
        hub.actions.execute('thing.get', { thing }, call('operator')).catch((error: Error) => error.message.replace(`'${thing}'`, 'IT')),
      ),
    );
    expect(new Set(messages).size).toBe(1);
  });

  it('tells who may see a thing that they may not change it, and audits that', async () => {
    expect(await codeOf(hub.actions.execute('thing.raise', { thing: 'anvil' }, call('viewer')))).toBe('permission_denied');
    expect(await newest()).toMatchObject({ event: 'denied', action: 'thing.raise', code: 'permission_denied' });
  });

  it('narrows an actor to the scopes of its token', async () => {
    const actor = { ...hub.as('admin'), scopes: ['thing.get'] };
    expect(await codeOf(hub.actions.execute('thing.list', {}, { actor, via: 'http' }))).toBe('permission_denied');
    expect((await hub.actions.execute('thing.get', { thing: 'anvil' }, { actor, via: 'http' })).is).toBe('done');
  });

  it('lists and describes only what the actor may do somewhere', () => {
    const ids = hub.actions.list(hub.as('viewer')).map(({ id }) => id);
    expect(ids).toContain('thing.get');
    expect(ids).not.toContain('thing.raise');
    expect(() => hub.actions.describe('thing.raise', hub.as('viewer'))).toThrow(/no action/);
  });
});

describe('stage 4, plan and confirmation', () => {
  it('asks before it destroys, says what would happen, and audits the unconfirmed call', async () => {
    const question = asked(await drop('anvil', call('admin')));
    expect(question).toMatchObject({ risk: 'destroy', by: 'actor', plan: { sentences: ["'anvil' is lost."] } });
    expect(await newest()).toMatchObject({ event: 'unconfirmed' });
    expect(things.world.has('default/anvil')).toBe(true);
  });

  it('takes the answer of the caller only, once, and in time', async () => {
    const { token } = asked(await drop('anvil', call('admin')));
    expect(await codeOf(hub.actions.confirm(token, call('tenant-admin')))).toBe('confirmation_not_yours');
    const both = await Promise.all([1, 2].map(() => codeOf(hub.actions.confirm(token, call('admin')).then((outcome) => hub.end(outcome)))));
    expect(both.toSorted()).toEqual(['confirmation_used', 'no error']);
    expect(things.happened).toEqual(['drop']);
    const late = asked(await drop('bell', call('admin')));
    clock.advance(601_000);
    expect(await codeOf(hub.actions.confirm(late.token, call('admin')))).toBe('confirmation_expired');
    expect(await codeOf(hub.actions.confirm('made-up', call('admin')))).toBe('confirmation_unknown');
  });

  it('asks again when the world has moved since', async () => {
    const { token } = asked(await drop('anvil', call('admin')));
    await hub.run('thing.raise', { thing: 'anvil' });
    const again = asked(await hub.actions.confirm(token, call('admin')));
    expect(again.plan.sentences[0]).toMatch(/changed/);
    expect(things.world.has('default/anvil')).toBe(true);
    expect((await hub.end(await hub.actions.confirm(again.token, call('admin')))).state.is).toBe('succeeded');
  });

  it('does not take the answer to one question for another', async () => {
    const { token } = asked(await drop('anvil', call('admin')));
    expect(await codeOf(drop('bell', call('admin', { confirmation: token })))).toBe('confirmation_mismatch');
    expect(things.world.size).toBe(3);
  });

  it('lets the question be declined, after which it is gone', async () => {
    const { token } = asked(await drop('anvil', call('admin')));
    await hub.actions.decline(token, call('admin'));
    expect(await newest()).toMatchObject({ event: 'declined' });
    expect(await codeOf(hub.actions.confirm(token, call('admin')))).toBe('confirmation_used');
  });

  it('wants a second person where the rules say so, who must be allowed to do it as well', async () => {
    things.world.set('default/vault', { name: 'vault', tenant: 'default', tags: ['production'], level: 9 });
    const question = asked(await drop('vault', call('admin')));
    expect(question.by).toBe('second-person');
    expect(await codeOf(hub.actions.confirm(question.token, call('admin')))).toBe('confirmation_not_yours');
    expect(await codeOf(hub.actions.confirm(question.token, call('operator')))).toBe('permission_denied');
    const job = await hub.end(await hub.actions.confirm(question.token, call('tenant-admin')));
    expect(job).toMatchObject({ actor: { name: 'admin.default' }, state: { is: 'succeeded' } });
  });
});

describe('stage 5, the idempotency key', () => {
  it('makes one job of many calls with one key, also when they come in the same tick', async () => {
    const calls = Array.from({ length: 20 }, () => hub.actions.execute('thing.raise', { thing: 'anvil' }, call('admin', { key: 'k1' })));
    const jobs = await Promise.all((await Promise.all(calls)).map((outcome) => hub.end(outcome)));
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1);
    expect(things.happened).toEqual(['raise 2']);
  });

  it('does not share keys between people', async () => {
    const outcomes = await Promise.all(
      (['admin', 'operator'] as const).map((role) => hub.actions.execute('thing.raise', { thing: 'bell' }, call(role, { key: 'same' }))),
    );
    await Promise.all(outcomes.map((outcome) => hub.end(outcome)));
    expect(things.happened).toHaveLength(2);
  });
});

describe('reads', () => {
  it('answer at once with a view, and are audited', async () => {
    const outcome = await hub.actions.execute('thing.get', { thing: 'anvil' }, call('viewer'));
    expect(outcome).toMatchObject({ is: 'done', output: { name: 'anvil', level: 1 }, view: { text: 'anvil stands at 1.' } });
    await expect.poll(newest).toMatchObject({ event: 'succeeded', action: 'thing.get' });
  });

  it('blame the plugin, not the caller, for an output of the wrong shape', async () => {
    await expect(hub.actions.execute('thing.lie', {}, call('admin'))).rejects.toMatchObject({ code: 'output_invalid', status: 500 });
  });

  it('end when the caller leaves', async () => {
    expect(await codeOf(hub.actions.execute('thing.list', {}, call('admin', { signal: AbortSignal.abort() })))).toMatch(
      /AbortError|action_aborted/,
    );
  });
});

it('keeps the audit chain whole through all of this', async () => {
  expect(await hub.audit.verify()).toMatchObject({ ok: true });
});

it('counts every call by how it ended, and takes no label from a stranger', async () => {
  await codeOf(hub.actions.execute('made.up', {}, call('admin')));
  await hub.actions.execute('thing.get', { thing: 'anvil' }, call('viewer'));
  const text = await (await fetch(`${hub.url}/metrics`)).text();
  expect(text).toMatch(/novacron_calls_total\{action="thing.get",end="done"\} \d+/);
  expect(text).toContain('action="unknown",end="action_unknown"');
  expect(text).not.toContain('made.up');
  expect(text).toContain('novacron_jobs_open 0');
});
