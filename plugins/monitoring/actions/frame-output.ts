import type { Frame, FrameField } from 'novacron/plugin';
import { z } from 'zod';

const UNITS = ['bytes', 'seconds', 'ratio', 'count', 'bytesPerSecond', 'countPerSecond'] as const;

/** A contract `Frame`. */
export const frameFields = z.array(
  z.strictObject({
    name: z.string(),
    type: z.enum(['time', 'number', 'string', 'boolean']),
    unit: z.enum(UNITS).optional(),
    values: z.array(z.union([z.number(), z.string(), z.boolean(), z.null()])),
  }),
);
export type OutputFields = z.output<typeof frameFields>;

const copy = ({ name, type, unit, values }: FrameField): OutputFields[number] => ({
  name,
  type,
  ...(unit && { unit }),
  values: [...values],
});

export const fieldsOf = (frame: Frame): OutputFields => frame.fields.map(copy);
