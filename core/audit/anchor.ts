import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../contract.ts';
import type { Checkpoint } from './record.ts';

/** What this machine remembers of the end of the chain, outside the database. */
export interface AnchorFile {
  /** The newest entry that this hub wrote. */
  readonly last: Checkpoint | null;
  /** Ends that were remembered once and were not in the chain at a later start. They stay, so that a cut tail is never forgotten. */
  readonly unmet: readonly Checkpoint[];
}

const NOTHING: AnchorFile = { last: null, unmet: [] };
const UNMET_MAX = 20;

const fileOf = (dataDir: string): string => join(dataDir, 'audit-anchor.json');

export async function readAnchor(dataDir: string): Promise<AnchorFile> {
  try {
    return JSON.parse(await readFile(fileOf(dataDir), 'utf8')) as AnchorFile;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return NOTHING;
    throw new HubError(
      'audit_anchor_broken',
      '"audit-anchor.json" in the data folder cannot be read. Run `novacron audit verify` on an export, then remove the file.',
      { cause },
    );
  }
}

async function writeAnchor(dataDir: string, anchor: AnchorFile): Promise<void> {
  // One name: a hub that was killed in the middle leaves at most this one file, and the next write takes it over.
  const fresh = `${fileOf(dataDir)}.new`;
  await writeFile(fresh, `${JSON.stringify(anchor)}\n`, { mode: 0o600 });
  await rename(fresh, fileOf(dataDir));
}

export interface Anchor {
  current(): readonly Checkpoint[];
  /** Written soon; of several in a row only the last one. */
  remember(last: Checkpoint): void;
  /** Keeps what is remembered now as unmet. */
  keepAsUnmet(): void;
  written(): Promise<void>;
}

export async function openAnchor(dataDir: string, onError: (error: unknown) => void): Promise<Anchor> {
  let state = await readAnchor(dataDir);
  let dirty = false;
  let writing: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    while (dirty) {
      dirty = false;
      await writeAnchor(dataDir, state).catch(onError);
    }
    writing = undefined;
  };
  const change = (next: AnchorFile): void => {
    state = next;
    dirty = true;
    writing ??= drain();
  };
  return {
    current: () => (state.last === null ? state.unmet : [...state.unmet, state.last]),
    remember: (last) => change({ ...state, last }),
    keepAsUnmet: () => state.last !== null && change({ last: null, unmet: [...state.unmet, state.last].slice(-UNMET_MAX) }),
    written: () => writing ?? Promise.resolve(),
  };
}
