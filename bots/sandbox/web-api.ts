import { fail, type Answer, type ApiDeps, type Args, type Method } from './api-method.ts';
import { isRecord } from './block-shapes.ts';
import { chatMethods } from './methods-chat.ts';
import { directoryMethods } from './methods-directory.ts';
import { fileMethods } from './methods-files.ts';
import { viewMethods } from './methods-views.ts';

/** Slack takes no request that it does not know; the prototype chain is no method either. */
export function createWebApi(deps: ApiDeps): (method: string, args: Args) => Answer {
  const methods = new Map<string, Method>(
    Object.entries({ ...chatMethods(deps), ...viewMethods(deps), ...fileMethods(deps), ...directoryMethods(deps) }),
  );
  return (name, args) => methods.get(name)?.(args) ?? fail('unknown_method');
}

/** Slack's clients send forms in which objects and lists are JSON, or one JSON object. */
export function parseArgs(body: string, contentType: string): Args | undefined {
  if (contentType.startsWith('application/json')) return parseObject(body === '' ? '{}' : body);
  const entries = [...new URLSearchParams(body)].map(([key, value]) => [key, parseValue(value)] as const);
  return Object.fromEntries(entries);
}

function parseObject(body: string): Args | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function parseValue(value: string): unknown {
  if (value === 'true' || value === 'false') return value === 'true';
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
