import { realpathSync } from 'node:fs';
import { HubError } from '../contract/errors.ts';

// On the process, not in this module: a second copy of the module must see it too. DuckDB itself does not notice a second instance
// on one file within a process, and the two lose each other's writes.
const KEY = Symbol.for('novacron.metrics.folders');
const holder = globalThis as { [KEY]?: Set<string> };

/** Claims the folder for one store in this process; the returned function gives it back. Errors: `metrics_locked`. */
export function claimFolder(folder: string): () => void {
  const taken = (holder[KEY] ??= new Set());
  const path = realpathSync(folder);
  if (taken.has(path)) {
    throw new HubError(
      'metrics_locked',
      `This process has the metrics folder ${path} open already. Close that hub first, or give this one its own data folder.`,
      { status: 503 },
    );
  }
  taken.add(path);
  return () => void taken.delete(path);
}
