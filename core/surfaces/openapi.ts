import type { Action } from '../contract/declare.ts';
import { inputJsonSchema, outputJsonSchema } from './json-schema.ts';

/** An action with the id it is called by. */
export interface Declared {
  readonly plugin: string;
  readonly id: string;
  readonly action: Action;
}

const PROBLEM = { $ref: '#/components/responses/Problem' } as const;
const JOB = { $ref: '#/components/schemas/Job' } as const;

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
  200: json('The result.', {
    type: 'object',
    required: ['output', 'view'],
    properties: { output: outputJsonSchema(action), view: { $ref: '#/components/schemas/View' } },
  }),
});

const jobAnswers = (action: Action) => ({
  200: json('With `?wait`: the job has ended; `output` is there when it succeeded.', {
    type: 'object',
    required: ['job'],
    properties: { job: JOB, output: outputJsonSchema(action), view: { $ref: '#/components/schemas/View' } },
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

const json = (description: string, schema: object) => ({ description, content: { 'application/json': { schema } } });
