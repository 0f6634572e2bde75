import { z } from 'zod';
import type { Plugin } from '../contract.ts';
import { ConfigFile } from './config-file.ts';

type JsonSchema = Record<string, unknown>;

/** The JSON Schema of plugins.json, for editors: the hub's part and each shipped plugin's config. Committed as plugins.schema.json. */
export function configSchema(plugins: readonly Plugin[]): JsonSchema {
  const schema = z.toJSONSchema(ConfigFile, { io: 'input' }) as unknown as JsonSchema & {
    properties: { plugins: JsonSchema & { additionalProperties: JsonSchema } };
  };
  const entry = schema.properties.plugins.additionalProperties as JsonSchema & { properties: JsonSchema };
  const properties = Object.fromEntries(
    plugins.map(({ name, config }) => [
      name,
      {
        ...entry,
        properties: { ...entry.properties, config: withoutNoise(config['~standard'].jsonSchema.input({ target: 'draft-2020-12' })) },
      },
    ]),
  );
  return {
    ...schema,
    title: 'NovaCron plugins.json',
    properties: { ...schema.properties, plugins: { ...schema.properties.plugins, properties } },
  };
}

/** A schema inside a schema needs no dialect of its own. */
const withoutNoise = (schema: JsonSchema): JsonSchema => Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema'));
