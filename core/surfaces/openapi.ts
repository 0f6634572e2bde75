import type { Action } from '../contract/declare.ts';
import { inputJsonSchema, outputJsonSchema } from './json-schema.ts';
import { components, fixedPaths, json, PROBLEM } from './openapi-parts.ts';

/** An action with the id it is called by. */
export interface Declared {
  readonly plugin: string;
  readonly id: string;
  readonly action: Action;
}

const JOB = { $ref: '#/components/schemas/Job' } as const;
const VIEW = { $ref: '#/components/schemas/View' } as const;

/** The OpenAPI 3.1 operation of `POST /api/v1/actions/{id}`. */
export const toOpenApiOperation = ({ plugin, id, action }: Declared) => ({
  operationId: id,
  tags: [plugin],
  summary: action.title,
  ...(action.help !== undefined && { description: action.help }),
  parameters: [
    { $ref: '#/components/parameters/IdempotencyKey' },
    { $ref: '#/components/parameters/Confirmation' },
    ...(action.risk === 'read' ? [] : [{ $ref: '#/components/parameters/WaitSeconds' }]),
  ],
  requestBody: { required: true, content: { 'application/json': { schema: inputJsonSchema(action) } } },
  responses: action.risk === 'read' ? { ...readAnswer(action), default: PROBLEM } : { ...jobAnswers(action), default: PROBLEM },
  'x-novacron-risk': action.risk,
});

const readAnswer = (action: Action) => ({
  200: json('The result.', { type: 'object', required: ['output', 'view'], properties: { output: outputJsonSchema(action), view: VIEW } }),
});

const jobAnswers = (action: Action) => ({
  200: json('With `?wait`: the job has ended; when it succeeded, `job.state.output` is the result.', {
    type: 'object',
    required: ['job'],
    properties: {
      job: { allOf: [JOB, { properties: { state: { properties: { output: outputJsonSchema(action) } } } }] },
      view: VIEW,
    },
  }),
  202: {
    ...json('A job was started.', { type: 'object', required: ['job'], properties: { job: JOB } }),
    headers: { Location: { description: 'Where the job is.', schema: { type: 'string' } } },
  },
  409: {
    description: 'A person must confirm the plan first: send the call again with the token in the `Confirmation` header.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ConfirmationRequired' } } },
  },
});

interface DocumentOptions {
  readonly version: string;
  /** Where the hub is; `/` for where the document came from. */
  readonly url: string;
  readonly declared: readonly Declared[];
}

/** The OpenAPI 3.1 document of a hub with these actions. */
export function openApiDocument({ version, url, declared }: DocumentOptions) {
  const ofActions = declared.map((one) => [`/actions/${one.id}`, { post: toOpenApiOperation(one) }] as const);
  return {
    openapi: '3.1.0',
    info: {
      title: 'NovaCron hub',
      version,
      description: 'Every action of every plugin is one operation. Reads answer at once; everything else becomes a job.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: `${url.replace(/\/$/u, '')}/api/v1` }],
    security: [{ bearer: [] }],
    tags: [...new Set([...declared.map(({ plugin }) => plugin), 'auth', 'actions', 'jobs', 'resources', 'live', 'audit'])].map((name) => ({
      name,
    })),
    paths: { ...Object.fromEntries(ofActions), ...fixedPaths() },
    components,
  };
}
