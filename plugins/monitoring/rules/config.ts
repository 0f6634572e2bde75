import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** The `rules` part of the plugin's config. */
export const rulesConfig = z.strictObject({
  everySeconds: z.int().min(1).max(3600).default(30).meta({ description: 'How often all rules are judged' }),
  file: z
    .string()
    .max(1000)
    .refine(isAbsolute, 'must be an absolute path')
    .optional()
    .meta({ description: 'A .yaml file of rules, or a folder of them; read again when they change' }),
  activeMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(100_000)
    .meta({ description: 'Pairs of a rule and a thing that may be pending or firing at once' }),
  previewDays: z.number().min(0.01).max(90).default(7).meta({ description: 'How far back a preview of a rule looks' }),
});
