import { open, readFile, rename, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { createState, lastAtOf, STATE_BYTES } from './detector.ts';

/** All series that are watched, and what is known of each; kept in one file, so that a restart forgets nothing. */
export interface Memory {
  /** Epoch milliseconds up to which all series have been told what was measured. */
  through: number;
  /** The state of a series, made when it is a new one; undefined when there are too many. */
  stateOf(metric: string, entity: string): Float64Array | undefined;
  /** Drops series that had no value for so long. */
  forget(before: number): void;
  save(): Promise<void>;
  readonly size: number;
}

const FILE = 'anomalies.state';
/** Changes with the meaning of what is in a state: older files are then learned anew. */
const FORMAT = 1;
/** States a write: half a megabyte. */
const AT_ONCE = 32;

interface Head {
  readonly format: number;
  readonly stateBytes: number;
  readonly through: number;
  readonly keys: readonly string[];
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

function headOf(text: string): Head | null {
  try {
    return JSON.parse(text) as Head;
  } catch {
    // Not ours, or torn: what is learned anew from history is better than a hub that does not start.
    return null;
  }
}

/** What the file holds; nothing when it is absent, torn or of another format. */
async function load(file: string): Promise<{ through: number; states: Map<string, Float64Array> }> {
  const nothing = { through: 0, states: new Map<string, Float64Array>() };
  const bytes = await readFile(file).catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (bytes === null) return nothing;
  const end = bytes.indexOf(10);
  const head = headOf(bytes.subarray(0, Math.max(0, end)).toString('utf8'));
  if (head === null) return nothing;
  const expected = end + 1 + head.keys.length * STATE_BYTES;
  if (head.format !== FORMAT || head.stateBytes !== STATE_BYTES || bytes.length !== expected) return nothing;
  const states = new Map<string, Float64Array>();
  for (const [i, key] of head.keys.entries()) {
    const from = end + 1 + i * STATE_BYTES;
    // A copy: the numbers in the file are not aligned.
    states.set(key, new Float64Array(new Uint8Array(bytes.subarray(from, from + STATE_BYTES)).buffer));
  }
  return { through: head.through, states };
}

async function writeAll(file: FileHandle, head: Head, states: readonly Float64Array[]): Promise<void> {
  await file.writeFile(`${JSON.stringify(head)}\n`);
  for (let first = 0; first < states.length; first += AT_ONCE) {
    const some = states.slice(first, first + AT_ONCE);
    await file.writeFile(Buffer.concat(some.map((state) => new Uint8Array(state.buffer, state.byteOffset, state.byteLength))));
  }
  await file.sync();
}

/** Whole or not at all: written beside, then renamed. */
async function store(path: string, head: Head, states: readonly Float64Array[]): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await writeAll(file, head, states);
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

/** `seriesMax`: a further series is not watched. */
export async function openMemory(dataDir: string, { seriesMax }: { readonly seriesMax: number }): Promise<Memory> {
  const file = join(dataDir, FILE);
  const { through, states } = await load(file);
  const memory: Memory = {
    through,
    get size() {
      return states.size;
    },
    stateOf(metric, entity) {
      const key = `${metric} ${entity}`;
      const known = states.get(key);
      if (known !== undefined || states.size >= seriesMax) return known;
      const made = createState();
      states.set(key, made);
      return made;
    },
    forget(before) {
      for (const [key, state] of states) if (lastAtOf(state) < before) states.delete(key);
    },
    async save() {
      const head = { format: FORMAT, stateBytes: STATE_BYTES, through: memory.through, keys: [...states.keys()] };
      await store(file, head, [...states.values()]);
    },
  };
  return memory;
}
