/** One thing that the doctor looked at. */
export type Finding =
  | { readonly is: 'ok'; readonly what: string; readonly why: string }
  | { readonly is: 'warn' | 'bad'; readonly what: string; readonly why: string; readonly todo: string };

export const ok = (what: string, why: string): Finding => ({ is: 'ok', what, why });
export const warn = (what: string, why: string, todo: string): Finding => ({ is: 'warn', what, why, todo });
export const bad = (what: string, why: string, todo: string): Finding => ({ is: 'bad', what, why, todo });
