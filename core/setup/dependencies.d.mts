/** Does node_modules hold what package-lock.json names, package by package, and Node? */
export function areInstalled(root: string): boolean;

/** The same of a folder that needs no Node of its own. */
export function isInPlace(folder: string): boolean;
