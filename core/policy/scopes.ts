/** A scope is an action id, `vm.*` for all that starts with `vm.`, or `*`. */
export const SCOPE_PATTERN = /^(\*|[a-z][a-zA-Z0-9-]*(\.[a-zA-Z0-9-]+)*(\.\*)?)$/;

const covers = (scope: string, actionId: string): boolean => {
  if (scope === '*') return true;
  return scope.endsWith('.*') ? actionId.startsWith(scope.slice(0, -1)) : scope === actionId;
};

/** No scopes: everything that the user may do. An empty list: nothing. Scopes only ever narrow. */
export const inScope = (scopes: readonly string[] | undefined, actionId: string): boolean =>
  scopes === undefined || scopes.some((scope) => covers(scope, actionId));
