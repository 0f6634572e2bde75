import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Job } from '../../../core/contract.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createThings, type Things } from '../../kit/things.ts';
import { ask, tokenFor } from './client.ts';

let hub: TestHub;
let things: Things;
let operator: string;
let admin: string;
let api: string;

beforeAll(async () => {
  things = createThings();
  hub = await startTestHub({ plugins: [things.plugin] });
  operator = await tokenFor(hub, 'operator');
  admin = await tokenFor(hub, 'admin');
  api = `${hub.url}/api/v1`;
});
afterAll(() => hub[Symbol.asyncDispose]());

const thing = (name: string, level = 1) => things.world.set(`default/${name}`, { name, tenant: 'default', tags: [], level });

describe('what cannot be done', () => {
  it('is refused without a token, with a wrong one, and with a token that was tampered with', async () => {
    for (const token of [undefined, 'nova_wrong', 'x', `${operator}x`, 'eyJhbGciOiJub25lIn0.e30.']) {
      const reply = await ask(`${api}/actions`, token === undefined ? {} : { token });
      expect(reply.status).toBe(401);
      expect(reply.headers.get('content-type')).toContain('application/problem+json');
      expect(reply.headers.get('www-authenticate')).toBe('Bearer');
      expect(reply.body).toMatchObject({ status: 401, code: expect.stringMatching(/^auth_/u) as unknown });
    }
  });

  it('names unknown actions and things, and bad input by field', async () => {
    expect(await ask(`${api}/actions/thing.explode`, { token: operator, body: {} })).toMatchObject({
      status: 404,
      body: { code: 'action_unknown' },
    });
    expect(await ask(`${api}/actions/thing.get`, { token: operator, body: { thing: 'nobody' } })).toMatchObject({
      status: 404,
      body: { code: 'thing_unknown' },
    });
    expect(await ask(`${api}/actions/thing.create`, { token: operator, body: { name: '../x' } })).toMatchObject({
      status: 400,
      body: { code: 'input_invalid', fields: [{ field: 'name', message: 'must be a name' }] },
    });
  });

  it('is a problem for malformed JSON, other media types, empty and large bodies', async () => {
    const post = (body: string, type = 'application/json') =>
      ask(`${api}/actions/thing.list`, { token: operator, body, headers: { 'content-type': type } });
    expect(await post('{"a":')).toMatchObject({ status: 400, body: { code: 'request_malformed' } });
    expect(await post('{"__proto__":{"admin":true}}')).toMatchObject({ status: 400, body: { code: 'request_malformed' } });
    expect(await post('<x/>', 'application/xml')).toMatchObject({ status: 415, body: { code: 'request_media_type' } });
    expect(await post(`"${'x'.repeat(2_000_000)}"`)).toMatchObject({ status: 413, body: { code: 'request_too_large' } });
    expect(await post('')).toMatchObject({ status: 200 });
  });

  it('is a problem for paths that are not there or cannot be read', async () => {
    expect(await ask(`${hub.url}/api/v1/nothing`, { token: operator })).toMatchObject({ status: 404, body: { code: 'route_unknown' } });
    expect(await ask(`${hub.url}/api/v1/actions/%ff`, { token: operator, body: {} })).toMatchObject({
      status: 400,
      body: { code: 'request_malformed' },
    });
    expect((await ask(`${api}/actions/${'x'.repeat(400)}`, { token: operator, body: {} })).status).toBeGreaterThanOrEqual(400);
  });

  it('keeps the inside of the hub to itself when something breaks', async () => {
    const reply = await ask(`${api}/actions/thing.lie`, { token: operator, body: {} });
    expect(reply.status).toBe(500);
    expect(reply.text).not.toContain('core/');
  });

  it('refuses keys and confirmations that are too long', async () => {
    const headers = { 'idempotency-key': 'x'.repeat(201) };
    expect(await ask(`${api}/actions/thing.create`, { token: operator, body: { name: 'a' }, headers })).toMatchObject({
      status: 400,
      body: { code: 'request_invalid' },
    });
    expect(await ask(`${api}/actions/thing.create?wait=61`, { token: operator, body: { name: 'b' } })).toMatchObject({ status: 400 });
  });
});

describe('a read', () => {
  it('answers its output and view', async () => {
    thing('seen', 7);
    expect(await ask(`${api}/actions/thing.get`, { token: operator, body: { thing: 'seen' } })).toMatchObject({
      status: 200,
      body: { output: { name: 'seen', level: 7 }, view: { text: 'seen stands at 7.' } },
    });
  });

  it('lists only what this person may do', async () => {
    const idsFor = async (token: string) =>
      ((await ask(`${api}/actions`, { token })).body['actions'] as { id: string }[]).map(({ id }) => id);
    const viewer = await tokenFor(hub, 'viewer');
    expect(await idsFor(operator)).toContain('thing.create');
    expect(await idsFor(viewer)).not.toContain('thing.create');
    expect(await idsFor(await tokenFor(hub, 'operator', ['thing.list']))).toEqual(['thing.list']);
    expect((await ask(`${api}/actions/thing.create`, { token: operator })).status).toBe(200);
  });
});

describe('a job', () => {
  it('is accepted with 202 and a place to look, and ends', async () => {
    const reply = await ask(`${api}/actions/thing.create`, { token: operator, body: { name: 'first' } });
    const job = reply.body['job'] as Job;
    expect(reply).toMatchObject({ status: 202 });
    expect(reply.headers.get('location')).toBe(`/api/v1/jobs/${job.id}`);
    await hub.jobs.wait(job.id, AbortSignal.timeout(10_000));
    const seen = await ask(`${hub.url}${reply.headers.get('location')}`, { token: operator });
    expect(seen.body).toMatchObject({ job: { id: job.id, via: 'http', state: { is: 'succeeded', output: { name: 'first' } } }, view: {} });
    expect(await ask(`${api}/jobs?states=succeeded&kind=thing&id=x`, { token: operator })).toMatchObject({
      status: 200,
      body: { jobs: [] },
    });
    expect(await ask(`${api}/jobs?states=finished`, { token: operator })).toMatchObject({ status: 400 });
    expect(await ask(`${api}/jobs/unknown`, { token: operator })).toMatchObject({ status: 404, body: { code: 'job_unknown' } });
  });

  it('is waited for with ?wait, and answered unfinished when the time is over', async () => {
    const ended = await ask(`${api}/actions/thing.create?wait=10`, { token: operator, body: { name: 'second' } });
    expect(ended).toMatchObject({ status: 200, body: { job: { state: { is: 'succeeded' } }, view: {} } });
    const failed = await ask(`${api}/actions/thing.create?wait=10`, { token: operator, body: { name: 'second' } });
    expect(failed).toMatchObject({ status: 200, body: { job: { state: { is: 'undone', failure: { code: 'thing_name_taken' } } } } });
    const running = await ask(`${api}/actions/thing.create?wait=1`, { token: operator, body: { name: 'third', pauseMs: 3000 } });
    expect(running).toMatchObject({ status: 202, body: { job: { state: { is: 'running' } } } });
    const { id } = running.body['job'] as Job;
    expect((await ask(`${api}/jobs/${id}/cancel`, { method: 'POST', token: operator })).status).toBeLessThan(300);
    expect(['cancelled', 'undone']).toContain((await hub.jobs.wait(id, AbortSignal.timeout(10_000))).state.is);
  });

  it('is the same job for the same key', async () => {
    const headers = { 'idempotency-key': 'once', 'novacron-via': 'cli' };
    const replies = await Promise.all(
      [1, 2, 3].map(() => ask(`${api}/actions/thing.create`, { token: operator, body: { name: 'once' }, headers })),
    );
    expect(new Set(replies.map((reply) => (reply.body['job'] as Job).id)).size).toBe(1);
    expect(replies[0]?.body).toMatchObject({ job: { via: 'cli' } });
  });
});

describe('a plan', () => {
  const drop = async (name: string) => {
    thing(name);
    const reply = await ask(`${api}/actions/thing.drop`, { token: admin, body: { thing: `default/${name}` } });
    expect(reply).toMatchObject({
      status: 409,
      body: { code: 'confirmation_required', confirmation: { plan: { sentences: [`'${name}' is lost.`] } } },
    });
    return (reply.body['confirmation'] as { token: string }).token;
  };

  it('is confirmed in the call itself or by its own route', async () => {
    const inCall = { confirmation: await drop('one') };
    expect(await ask(`${api}/actions/thing.drop?wait=10`, { token: admin, body: { thing: 'default/one' }, headers: inCall })).toMatchObject(
      { status: 200 },
    );
    expect(await ask(`${api}/confirmations/${await drop('two')}?wait=10`, { method: 'POST', token: admin })).toMatchObject({ status: 200 });
    expect(things.world.has('default/one') || things.world.has('default/two')).toBe(false);
  });

  it('cannot be confirmed twice, by another person, or after it was declined', async () => {
    const token = await drop('three');
    const stranger = await tokenFor(hub, hub.as('tenant-admin'));
    expect((await ask(`${api}/confirmations/${token}`, { method: 'POST', token: stranger })).status).toBeGreaterThanOrEqual(400);
    const declined = await drop('four');
    expect((await ask(`${api}/confirmations/${declined}`, { method: 'DELETE', token: admin })).status).toBe(204);
    expect((await ask(`${api}/confirmations/${declined}`, { method: 'POST', token: admin })).body['code']).toMatch(/^confirmation_/u);
    expect(things.world.has('default/three') && things.world.has('default/four')).toBe(true);
  });
});

describe('things', () => {
  it('are searched, shown, and hidden from other tenants', async () => {
    thing('shown', 3);
    expect(await ask(`${api}/resources/thing?q=shown`, { token: operator })).toMatchObject({
      status: 200,
      body: { resources: [{ name: 'shown' }] },
    });
    expect(await ask(`${api}/resources/thing/shown`, { token: operator })).toMatchObject({
      body: { card: { title: 'shown', fields: [{ value: '3' }] } },
    });
    const other = await tokenFor(hub, hub.as('operator', 'other'));
    expect(await ask(`${api}/resources/thing/default%2Fshown`, { token: other })).toMatchObject({
      status: 404,
      body: { code: 'thing_unknown' },
    });
    expect((await ask(`${api}/resources/thing`, { token: other })).body).toEqual({ resources: [] });
    expect(await ask(`${api}/resources/unicorn`, { token: operator })).toMatchObject({ status: 404 });
    expect((await ask(`${api}/panels?resource=thing`, { token: operator })).body).toEqual({ panels: [] });
  });
});
