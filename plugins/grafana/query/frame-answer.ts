import { z } from 'zod';

const UNITS = ['bytes', 'seconds', 'ratio', 'count', 'bytesPerSecond', 'countPerSecond'] as const;

/** What `metrics.query` and `metrics.sql` answer, as far as frames are made of it. */
export const frameAnswer = z.object({
  truncated: z.boolean(),
  fields: z.array(
    z.object({
      name: z.string(),
      type: z.enum(['time', 'number', 'string', 'boolean']),
      unit: z.enum(UNITS).optional(),
      values: z.array(z.union([z.number(), z.string(), z.boolean(), z.null()])),
    }),
  ),
});
export type FrameAnswer = z.output<typeof frameAnswer>;
