import type { ElementState, ViewValues } from '../protocol.ts';

/** What a form knows of its elements. */
export interface FormState {
  readonly values: ViewValues;
  readonly errors: Readonly<Record<string, string>>;
  set(blockId: string, actionId: string, state: ElementState): void;
}
