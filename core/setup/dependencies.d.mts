/** Does node_modules hold what package-lock.json names, package by package? */
export function areInstalled(root: string): boolean;
