/** The parts of the OpenAPI document that no action changes. */

const text = { type: 'string' } as const;
const instant = { type: 'integer', description: 'Epoch milliseconds.' } as const;
const nullable = (schema: { readonly type: string }) => ({ ...schema, type: [schema.type, 'null'] });
const list = (items: object) => ({ type: 'array', items });
const object = (properties: Record<string, object>, required: readonly string[] = Object.keys(properties)) => ({
  type: 'object',
  properties,
  required,
});
const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` });

export const json = (description: string, content: object) => ({ description, content: { 'application/json': { schema: content } } });
export const PROBLEM = { $ref: '#/components/responses/Problem' } as const;

const thing = object({ kind: text, id: text, name: text });

const jobState = {
  oneOf: [
    object({ is: { enum: ['queued', 'cancelling'] } }),
    object({ is: { const: 'waiting' }, for: text }),
    object({
      is: { const: 'running' },
      step: nullable(text),
      fraction: { type: ['number', 'null'], minimum: 0, maximum: 1 },
      message: nullable(text),
    }),
    object({ is: { const: 'succeeded' }, output: {} }),
    object({
      is: { enum: ['failed', 'cancelled', 'undone'] },
      failure: object({ code: text, message: text, retryable: { type: 'boolean' } }),
    }),
  ],
};

const problem = object({ type: text, title: text, status: { type: 'integer' }, detail: text, code: text, retryable: { type: 'boolean' } });

const schemas = {
  Problem: { ...problem, description: 'RFC 9457; `code` is stable.' },
  Confirmation: object({
    token: text,
    action: text,
    title: text,
    risk: { enum: ['change', 'disrupt', 'destroy'] },
    target: { oneOf: [thing, { type: 'null' }] },
    plan: object({ sentences: list(text), facts: { type: 'object' } }),
    by: { enum: ['actor', 'second-person'] },
    expiresAt: instant,
  }),
  ConfirmationRequired: { allOf: [schema('Problem'), object({ confirmation: schema('Confirmation') })] },
  Job: object({
    id: text,
    action: text,
    title: text,
    target: { oneOf: [thing, { type: 'null' }] },
    tenant: nullable(text),
    actor: object({ id: text, name: text }),
    via: text,
    state: jobState,
    createdAt: instant,
    startedAt: nullable(instant),
    endedAt: nullable(instant),
  }),
  Card: object(
    {
      title: text,
      subtitle: text,
      state: object({ text, tone: { enum: ['good', 'busy', 'warn', 'bad', 'idle'] } }),
      fields: list(object({ label: text, value: text })),
      actions: list(text),
    },
    ['title', 'fields', 'actions'],
  ),
  View: object(
    {
      text,
      card: schema('Card'),
      table: object({ columns: list(text), rows: list(list(text)) }),
      pictures: list(object({ title: text, alt: text, mediaType: text, base64: text })),
      suggestions: list(object({ action: text, label: text, input: { type: 'object' } })),
      code: text,
    },
    ['text'],
  ),
  Resource: object({ kind: text, id: text, name: text, tenant: nullable(text), tags: list(text), owner: nullable(text) }),
  Actor: object({ id: text, name: text, kind: { enum: ['person', 'service'] }, role: text, tenant: text }),
  Session: object({ actor: schema('Actor'), accessToken: text, accessExpiresAt: instant, refreshToken: text, refreshExpiresAt: instant }, [
    'actor',
    'accessToken',
    'accessExpiresAt',
    'refreshExpiresAt',
  ]),
  ActionDescription: object({
    id: text,
    plugin: text,
    title: text,
    label: text,
    risk: text,
    fields: list({ type: 'object' }),
    usage: text,
  }),
};

export const components = {
  schemas,
  responses: {
    Problem: { description: 'What went wrong and what to do.', content: { 'application/problem+json': { schema: schema('Problem') } } },
  },
  parameters: {
    IdempotencyKey: {
      name: 'Idempotency-Key',
      in: 'header',
      required: false,
      description: 'The same key, action and person is the same call: a repetition answers what the first did.',
      schema: { type: 'string', maxLength: 200 },
    },
    Confirmation: {
      name: 'Confirmation',
      in: 'header',
      required: false,
      description: 'The token of the confirmation that the answer 409 asked for.',
      schema: { type: 'string', maxLength: 500 },
    },
    WaitSeconds: {
      name: 'wait',
      in: 'query',
      required: false,
      description: 'Wait so many seconds for the job to end.',
      schema: { type: 'integer', minimum: 0, maximum: 60, default: 0 },
    },
  },
  securitySchemes: {
    bearer: { type: 'http', scheme: 'bearer', description: 'An access token (JWT, from sign-in) or an API token (`nova_…`).' },
  },
};

interface Route {
  readonly id: string;
  readonly summary: string;
  readonly answers: Record<string, object>;
  readonly query?: Record<string, object>;
  readonly body?: object;
  readonly isOpen?: boolean;
}

function operation(path: string, tag: string, route: Route): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/gu)].map(([, name]) => ({ name, in: 'path', required: true, schema: text }));
  const inQuery = Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: 'query', required: false, schema }));
  return {
    operationId: route.id,
    tags: [tag],
    summary: route.summary,
    ...(inPath.length + inQuery.length > 0 && { parameters: [...inPath, ...inQuery] }),
    ...(route.body !== undefined && { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    ...(route.isOpen === true && { security: [] }),
    responses: { ...route.answers, default: PROBLEM },
  };
}

const session = { 200: json('A session.', schema('Session')) };
const job = json('The job.', object({ job: schema('Job'), view: schema('View') }, ['job']));
const cookie = { type: 'boolean', description: 'Put the refresh token into a cookie that scripts cannot read.' };
const rowsMax = { type: 'integer', minimum: 1, maximum: 500, default: 50 };

const ROUTES: readonly (readonly [method: 'get' | 'post' | 'delete', path: string, tag: string, route: Route])[] = [
  [
    'post',
    '/auth/sign-in',
    'auth',
    {
      id: 'auth.signIn',
      summary: 'Sign in with a password',
      isOpen: true,
      answers: session,
      body: object({ name: text, password: text, cookie }, ['name', 'password']),
    },
  ],
  [
    'post',
    '/auth/link',
    'auth',
    {
      id: 'auth.link',
      summary: 'Sign in with a one-time link',
      isOpen: true,
      answers: session,
      body: object({ code: text, cookie }, ['code']),
    },
  ],
  [
    'post',
    '/auth/refresh',
    'auth',
    { id: 'auth.refresh', summary: 'A new access token', isOpen: true, answers: session, body: object({ refreshToken: text }, []) },
  ],
  [
    'post',
    '/auth/sign-out',
    'auth',
    {
      id: 'auth.signOut',
      summary: 'End the session',
      isOpen: true,
      answers: { 204: { description: 'It has ended.' } },
      body: object({ refreshToken: text }, []),
    },
  ],
  [
    'get',
    '/auth/me',
    'auth',
    { id: 'auth.me', summary: 'Who you are', answers: { 200: json('You.', object({ actor: schema('Actor') })) } },
  ],
  [
    'post',
    '/auth/link-code',
    'auth',
    {
      id: 'auth.linkCode',
      summary: 'A code that links your chat identity',
      answers: { 200: json('The code, for `/nova link CODE`.', object({ code: text })) },
    },
  ],
  [
    'get',
    '/actions',
    'actions',
    {
      id: 'actions.list',
      summary: 'What you may do',
      answers: { 200: json('Descriptions.', object({ actions: list(schema('ActionDescription')) })) },
    },
  ],
  [
    'post',
    '/confirmations/{token}',
    'actions',
    {
      id: 'confirmations.confirm',
      summary: 'Confirm a plan',
      answers: { 200: job, 202: job },
      query: { wait: { type: 'integer', minimum: 0, maximum: 60 } },
    },
  ],
  [
    'delete',
    '/confirmations/{token}',
    'actions',
    { id: 'confirmations.decline', summary: 'Decline a plan', answers: { 204: { description: 'The question is withdrawn.' } } },
  ],
  [
    'get',
    '/jobs',
    'jobs',
    {
      id: 'jobs.list',
      summary: 'List jobs, newest first',
      answers: { 200: json('Jobs.', object({ jobs: list(schema('Job')) })) },
      query: { states: text, kind: text, id: text, rowsMax },
    },
  ],
  ['get', '/jobs/{id}', 'jobs', { id: 'jobs.get', summary: 'One job', answers: { 200: job } }],
  ['post', '/jobs/{id}/cancel', 'jobs', { id: 'jobs.cancel', summary: 'Cancel a job', answers: { 200: job, 202: job } }],
  [
    'get',
    '/resources/{kind}',
    'resources',
    {
      id: 'resources.search',
      summary: 'Search things of a kind',
      answers: { 200: json('Things.', object({ resources: list(schema('Resource')) })) },
      query: { q: text, rowsMax: { ...rowsMax, maximum: 100, default: 20 } },
    },
  ],
  [
    'get',
    '/resources/{kind}/{id}',
    'resources',
    {
      id: 'resources.get',
      summary: 'One thing, by id or name',
      answers: { 200: json('The thing and how it is shown.', object({ resource: schema('Resource'), card: schema('Card') })) },
    },
  ],
  [
    'get',
    '/panels',
    'resources',
    {
      id: 'panels.list',
      summary: 'Charts that belong to a kind of thing',
      answers: { 200: json('Panels.', object({ panels: list({ type: 'object' }) })) },
      query: { resource: text },
    },
  ],
  [
    'get',
    '/events',
    'live',
    {
      id: 'events.stream',
      summary: 'Events as they happen (server-sent events; resume with Last-Event-ID)',
      answers: { 200: { description: 'A stream.', content: { 'text/event-stream': { schema: text } } } },
      query: { after: { type: 'integer' }, types: text },
    },
  ],
  [
    'get',
    '/live',
    'live',
    {
      id: 'live.socket',
      summary:
        'Events and samples over one WebSocket: send {"auth": token}, then {"subscribe": {"events": [types], "after": cursor, "metrics": [tables]}}',
      answers: { 101: { description: 'Messages: {"ready"}, {"event"}, {"samples"}, {"gap"}, and {"error": problem} before it closes.' } },
      isOpen: true,
    },
  ],
  [
    'get',
    '/audit/verify',
    'audit',
    {
      id: 'audit.verify',
      summary: 'Check the hash chain of the audit',
      answers: { 200: json('Whether it is whole.', object({ ok: { type: 'boolean' } })) },
    },
  ],
  [
    'get',
    '/audit/export',
    'audit',
    {
      id: 'audit.export',
      summary: 'The whole audit, a JSON object a line',
      answers: { 200: { description: 'Lines.', content: { 'application/x-ndjson': { schema: text } } } },
    },
  ],
];

/** Operations by path and method, without the prefix. */
export function fixedPaths(): Record<string, Record<string, object>> {
  const paths: Record<string, Record<string, object>> = {};
  for (const [method, path, tag, route] of ROUTES) paths[path] = { ...paths[path], [method]: operation(path, tag, route) };
  return paths;
}
