import { z } from 'zod';
import type { CellResult, Completion, FromCells, MimeBundle } from './protocol.ts';

/**
 * What the process of a notebook says, checked: code of the notebook can write to the same channel, and what it says must never end the process that listens.
 */

/** What JSON cannot hold (numbers of 64 bits, circles) is said instead of shown. */
function jsonOf(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value)) as unknown;
  } catch (error) {
    return { 'text/plain': `(this cannot be shown: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)})` };
  }
}

const Bundle = z.unknown().transform(jsonOf).pipe(z.record(z.string(), z.unknown()));

const Output = z.discriminatedUnion('is', [
  z.object({ is: z.literal('stream'), name: z.enum(['stdout', 'stderr']), text: z.string() }),
  z.object({ is: z.literal('display'), data: Bundle, metadata: Bundle.catch({}) }),
]);

const Request = z.discriminatedUnion('is', [
  z.object({ is: z.literal('call'), action: z.string(), input: z.unknown() }),
  z.object({ is: z.literal('confirm'), token: z.string() }),
  z.object({ is: z.literal('job'), id: z.string() }),
]);

const Received = z.discriminatedUnion('is', [
  z.object({ is: z.literal('ready') }),
  z.object({ is: z.literal('output'), output: Output }),
  z.object({ is: z.literal('ask'), id: z.number(), request: Request }),
  z.object({ is: z.literal('done'), id: z.number(), value: z.unknown() }),
]);

/** Null for what is no message. */
export const receive = (message: unknown): (Exclude<FromCells, { is: 'done' }> | { is: 'done'; id: number; value: unknown }) | null =>
  Received.safeParse(message).data ?? null;

const Result = z.discriminatedUnion('is', [
  z.object({ is: z.literal('value'), data: Bundle.nullable() }),
  z.object({ is: z.literal('error'), error: z.object({ name: z.string(), message: z.string(), traceback: z.array(z.string()) }) }),
  z.object({ is: z.literal('interrupted') }),
]);

const NO_RESULT = 'The process of the notebook answered what is no result.';

/** The end of a cell. What is none is an error of the cell. */
export const resultOf = (value: unknown): CellResult =>
  Result.safeParse(value).data ?? { is: 'error', error: { name: 'ProtocolError', message: NO_RESULT, traceback: [NO_RESULT] } };

export const completionOf = (value: unknown): Completion =>
  z
    .object({ matches: z.array(z.string()), start: z.number(), end: z.number() })
    .catch({ matches: [], start: 0, end: 0 })
    .parse(value);

export const inspectionOf = (value: unknown): MimeBundle | null => Bundle.nullable().catch(null).parse(value);
