import { HubError, type Action, type Issue, type Json, type Risk } from '../contract.ts';

export interface ParsedInput {
  readonly input: Json;
  readonly risk: Risk;
}

/** Stage 1: the input with defaults applied, as JSON keeps it, and the risk it has. HubError `input_invalid` names each field. */
export async function parseInput(action: Action, raw: unknown): Promise<ParsedInput> {
  const result = await action.input['~standard'].validate(raw ?? {});
  if (result.issues) throw invalid(result.issues);
  const input = JSON.parse(JSON.stringify(result.value)) as Json;
  return { input, risk: action.riskOf?.(input) ?? action.risk };
}

function invalid(issues: readonly Issue[]): HubError {
  const fields = issues.slice(0, 20).map(({ path = [], message }) => ({
    field: path.map((key) => String(typeof key === 'object' ? key.key : key)).join('.'),
    message: message.replace(/\.$/, ''),
  }));
  const sentences = fields.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  return new HubError('input_invalid', `${sentences.join('; ')}.`, { status: 400, details: { fields } });
}
