import type { ApiDeps } from './api-method.ts';
import type { Interactions } from './interaction-calls.ts';
import { chatInteractions } from './interactions-chat.ts';
import { pressInteractions } from './interactions-press.ts';
import { viewInteractions } from './interactions-views.ts';

export function createInteractions(deps: ApiDeps, commands: () => readonly string[]): Interactions {
  return { ...chatInteractions(deps, commands), ...pressInteractions(deps), ...viewInteractions(deps) };
}
