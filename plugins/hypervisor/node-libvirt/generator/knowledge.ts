import type { Annotation } from './parse-annotations.ts';
import type { ApiFunction } from './parse-functions.ts';

/** What doc comments are made of, beside our own tables of meanings. */
export interface Knowledge {
  /** By the constant's name in C. */
  annotations: ReadonlyMap<string, Annotation>;
  /** By the procedure's name without underscores: `domaincreatexml`. */
  functions: ReadonlyMap<string, ApiFunction>;
}

/** The function of libvirt's C library that a procedure stands for; internal procedures have none. */
export function functionOf(procedure: string, knowledge: Knowledge): ApiFunction | undefined {
  return knowledge.functions.get(procedure.replaceAll('_', ''));
}

/** "See `A` and `B`" for the enums that flags are made of. */
export function seeFlags(api: ApiFunction | undefined): string | undefined {
  if (!api || api.flags.length === 0) return undefined;
  return `see ${api.flags.map((name) => `\`${name.replace(/^vir/, '')}\``).join(' and ')}`;
}
