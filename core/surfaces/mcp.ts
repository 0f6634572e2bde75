import type { Action } from '../contract/declare.ts';
import { inputJsonSchema, outputJsonSchema, type JsonSchema } from './json-schema.ts';

export interface McpTool {
  /** `vm_console_read`: MCP allows no dot. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  readonly annotations: {
    readonly readOnlyHint: boolean;
    readonly destructiveHint: boolean;
    readonly idempotentHint: boolean;
    readonly openWorldHint: boolean;
  };
}

/** An action as a tool of the Model Context Protocol; hints come from its risk. */
export const toMcpTool = (id: string, action: Action): McpTool => ({
  name: id.replaceAll(/[^a-zA-Z0-9_-]/gu, '_'),
  title: action.title,
  description: [action.title, action.help].filter((text) => text !== undefined).join('. '),
  inputSchema: inputJsonSchema(action),
  outputSchema: outputJsonSchema(action),
  annotations: {
    readOnlyHint: action.risk === 'read',
    destructiveHint: action.risk === 'disrupt' || action.risk === 'destroy',
    idempotentHint: action.risk === 'read',
    openWorldHint: false,
  },
});
