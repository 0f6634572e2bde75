import { closeSync, existsSync, fdatasyncSync, fsyncSync, openSync, readFileSync, writeFileSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';

/** A batch whose names are integers of the dictionaries: what is appended to a table. */
export interface NumberedBatch {
  readonly table: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly rows: number;
  readonly entityIds: Int32Array;
  /** Null for tables without devices. */
  readonly deviceIds: Int32Array | null;
  /** The metrics of the blocks of `values` and `valid`, which are as in an encoded batch. */
  readonly columns: readonly string[];
  readonly values: ArrayBuffer;
  readonly valid: ArrayBuffer | null;
}

/** Batches that are there together or not at all. */
export interface Entry {
  /** One more than that of the entry before. */
  readonly number: number;
  readonly batches: readonly NumberedBatch[];
}

export interface Journal {
  /** Bytes written since the beginning was last written to. */
  readonly bytes: number;
  /** The entry is on the disk when it returns. When it throws, it counts as not written. */
  append(entry: Entry): void;
  /** The next entry is written over the first one: all of them are kept elsewhere. */
  rewind(): void;
  close(): void;
}

const MAGIC = 0x4e_56_4a_31;
/** Magic, checksum of all that follows, length of the body, unused, number of the entry. */
const HEADER_BYTES = 24;

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** What is said of a batch beside its blocks. */
type Outline = Pick<NumberedBatch, 'table' | 'at' | 'rows' | 'columns'> & {
  readonly hasDevice: boolean;
  readonly validBytes: number | null;
};

const outlineOf = ({ table, at, rows, columns, deviceIds, valid }: NumberedBatch): Outline => ({
  table,
  at,
  rows,
  columns,
  hasDevice: deviceIds !== null,
  validBytes: valid?.byteLength ?? null,
});

function partsOf({ number, batches }: Entry): Uint8Array[] {
  const outline = Buffer.from(JSON.stringify(batches.map(outlineOf)));
  const body = Buffer.alloc(padded(4 + outline.length), ' ');
  body.writeUInt32LE(outline.length);
  outline.copy(body, 4);
  const blocks = batches.flatMap(({ entityIds, deviceIds, values, valid }) => [
    entityIds,
    ...(deviceIds ? [deviceIds] : []),
    new Uint8Array(values),
    ...(valid ? [new Uint8Array(valid)] : []),
  ]);
  const parts = [body, ...blocks.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))];
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC);
  header.writeUInt32LE(
    parts.reduce((sum, { length }) => sum + length, 0),
    8,
  );
  header.writeDoubleLE(number, 16);
  header.writeUInt32LE(
    parts.reduce((sum, part) => crc32(part, sum), crc32(header.subarray(8))),
    4,
  );
  return [header, ...parts];
}

/** The body of an entry, block after block. */
function batchesIn(body: Buffer): NumberedBatch[] {
  const outlines = JSON.parse(body.toString('utf8', 4, 4 + body.readUInt32LE())) as Outline[];
  let at = padded(4 + body.readUInt32LE());
  const take = (bytes: number): ArrayBuffer => {
    const block = new Uint8Array(body.subarray(at, at + bytes)).buffer;
    at += bytes;
    return block;
  };
  return outlines.map(({ hasDevice, validBytes, ...batch }) => ({
    ...batch,
    entityIds: new Int32Array(take(batch.rows * 4)),
    deviceIds: hasDevice ? new Int32Array(take(batch.rows * 4)) : null,
    values: take(batch.columns.length * batch.rows * 8),
    valid: validBytes === null ? null : take(validBytes),
  }));
}

function readEntry(file: Buffer, from: number): { entry: Entry; end: number } | null {
  const start = from + HEADER_BYTES;
  if (start > file.length || file.readUInt32LE(from) !== MAGIC) return null;
  const end = start + file.readUInt32LE(from + 8);
  if (end > file.length || crc32(file.subarray(from + 8, end)) !== file.readUInt32LE(from + 4)) return null;
  return { entry: { number: file.readDoubleLE(from + 16), batches: batchesIn(file.subarray(start, end)) }, end };
}

/** Entries from the first one on, each with the number after; behind them stand older ones, which were to be written over. */
function entriesIn(file: Buffer): Entry[] {
  const entries: Entry[] = [];
  for (let found = readEntry(file, 0); found !== null; found = readEntry(file, found.end)) {
    const last = entries.at(-1);
    if (last !== undefined && found.entry.number !== last.number + 1) break;
    entries.push(found.entry);
  }
  return entries;
}

/** Its name must outlive a power failure too. */
function create(path: string): void {
  writeFileSync(path, '');
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
}

/** The parts without their first bytes. */
function after(parts: readonly Uint8Array[], bytes: number): Uint8Array[] {
  let skip = bytes;
  return parts.flatMap((part) => {
    const from = Math.min(skip, part.length);
    skip -= from;
    return from === part.length ? [] : [part.subarray(from)];
  });
}

/**
 * What was acknowledged and is not in a table yet: a file that is written from its beginning to its end again and again, so that a write to the disk changes nothing
 * but its blocks. An entry that a kill has torn fails its checksum and is none.
 */
export function openJournal(path: string): { journal: Journal; entries: readonly Entry[] } {
  if (!existsSync(path)) create(path);
  const entries = entriesIn(readFileSync(path));
  const descriptor = openSync(path, 'r+');
  let at = 0;
  return {
    entries,
    journal: {
      get bytes() {
        return at;
      },
      append(entry) {
        const parts = partsOf(entry);
        const length = parts.reduce((sum, part) => sum + part.length, 0);
        for (let written = 0; written < length;) written += writevSync(descriptor, after(parts, written), at + written);
        fdatasyncSync(descriptor);
        at += length;
      },
      rewind() {
        at = 0;
      },
      close: () => closeSync(descriptor),
    },
  };
}
