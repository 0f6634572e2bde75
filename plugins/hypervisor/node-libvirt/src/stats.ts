import type { Procedure } from './caller.ts';
import { ConnectionError } from './errors.ts';
import { remoteProcedures as remote } from './generated/procedures-remote.ts';
import type { ConnectGetAllDomainStatsArgs } from './generated/types-connect.ts';
import type { Domain as DomainRef } from './generated/types-common.ts';
import type { Codec, Infer } from './xdr/codec.ts';
import type { XdrReader } from './xdr/reader.ts';
import { stringBytesMax } from './xdr/typed-parameter.ts';

/** The statistics of one domain by libvirt's names, such as `cpu.time` or `block.0.rd.bytes`. 64-bit values are bigint. */
export type DomainStats = Record<string, number | bigint | boolean | string>;

const recordsMax = 16384;
const paramsMax = 262144;

/** The names of a record, in order, and an object that has them all. */
interface Layout {
  readonly names: readonly string[];
  readonly blank: DomainStats;
}

/**
 * The newest layout of records with so many parameters. Such records are mostly alike: a copy of a whole object takes a tenth of the memory of
 * one that grows name by name, and its names need not be looked up.
 */
const layouts = new Map<number, Layout>();
/** What is remembered of a server at the most; libvirt's own names have at most 80 characters. */
const layoutsMax = 64;
const layoutNamesMax = 1024;
const layoutNameLengthMax = 80;

/** Decodes one record without an object for every value, because a host with many domains sends a hundred thousand of them. */
function decodeParams(reader: XdrReader): DomainStats {
  const count = reader.count(paramsMax, 12);
  const layout = layouts.get(count);
  if (layout === undefined) return decodeNew(reader, count, {});
  const { names } = layout;
  const params = { ...layout.blank };
  for (let at = 0; at < count; at++) {
    const name = names[at]!;
    if (!reader.passName(name)) return decodeNew(reader, count - at, pick(params, names.slice(0, at)));
    params[name] = decodeValue(reader);
  }
  return params;
}

/** The rest of a record of a layout that is not known yet. */
function decodeNew(reader: XdrReader, count: number, params: DomainStats): DomainStats {
  for (let left = count; left > 0; left--) {
    const name = reader.name(stringBytesMax);
    // A plain object has this one name that does not make a field.
    if (name === '__proto__') throw new ConnectionError('protocol_error', 'A statistic has the impossible name "__proto__".');
    params[name] = decodeValue(reader);
  }
  learn(Object.keys(params));
  return params;
}

function learn(names: readonly string[]): void {
  if (names.length > layoutNamesMax || names.some((name) => name.length > layoutNameLengthMax)) return;
  // What JSON makes is compact, and so are its copies.
  const blank = JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, 0])))) as DomainStats;
  layouts.set(names.length, { names, blank });
  const [oldest] = layouts.keys();
  if (layouts.size > layoutsMax) layouts.delete(oldest!);
}

const pick = (params: DomainStats, names: readonly string[]): DomainStats => Object.fromEntries(names.map((name) => [name, params[name]!]));

function decodeValue(reader: XdrReader): number | bigint | boolean | string {
  const type = reader.int();
  switch (type) {
    case 1:
      return reader.int();
    case 2:
      return reader.uint();
    case 3:
      return reader.hyper();
    case 4:
      return reader.uhyper();
    case 5:
      return reader.double();
    case 6:
      return reader.int() !== 0;
    case 7:
      return reader.string(stringBytesMax);
    default:
      throw new ConnectionError('protocol_error', `A statistic has the type ${type}, which libvirt does not define.`);
  }
}

type Records = { dom: DomainRef; params: DomainStats }[];

const statsRet: Codec<Records> = {
  shape: remote.connectGetAllDomainStats.ret.shape,
  encode() {
    throw new ConnectionError('bad_argument', 'Statistics are only read.');
  },
  decode(reader) {
    const records: Records = [];
    for (let left = reader.count(recordsMax, 28); left > 0; left--) {
      const dom = { name: reader.string(stringBytesMax), uuid: reader.uuid(), id: reader.int() };
      records.push({ dom, params: decodeParams(reader) });
    }
    return records;
  },
};

/** `connectGetAllDomainStats` with the fast decoder in place of the general one. */
export const getAllDomainStats: Procedure<ConnectGetAllDomainStatsArgs, Infer<typeof statsRet>> = {
  ...remote.connectGetAllDomainStats,
  ret: statsRet,
};
