import { z } from 'zod';
import { HubError } from '../contract/errors.ts';

/** Reads a part of a request; HubError `request_invalid` (400) names what is wrong and where. */
export function read<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.map(String), message }));
  const said = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`)).join('; ');
  throw new HubError('request_invalid', `The request is not as it should be: ${said}.`, { status: 400, details: { issues } });
}

/** A figure in a query string. */
export const figure = (minimum: number, maximum: number) => z.coerce.number().int().min(minimum).max(maximum);
