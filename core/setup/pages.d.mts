export function pageFolders(root: string): string[];
/** Builds what is stale with the Node at this path; returns when all pages are there. */
export function ensurePages(root: string, node: string): Promise<void>;
