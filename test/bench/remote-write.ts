/** Prometheus remote write without a library: the message is built once for a set of series, then values and instants are patched in place. */
export interface RemoteWrite {
  /** The body of one request: one value for each series, all at one instant. Valid until the next call. */
  encode(values: Float64Array, atMs: number): Buffer<ArrayBuffer>;
  /** The same for as many instants as were said: `values` of the first instant, then of the second. */
  encodeMany(values: readonly Float64Array[], atMs: readonly number[]): Buffer<ArrayBuffer>;
}

export const REMOTE_WRITE_HEADERS = {
  'content-encoding': 'snappy',
  'content-type': 'application/x-protobuf',
  'x-prometheus-remote-write-version': '0.1.0',
};

const LITERAL_BYTES_MAX = 65_536;
/** Epoch milliseconds of our time take six bytes. */
const INSTANT_BYTES = 6;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const field = (tag: number, body: readonly number[]): number[] => [tag, ...varint(body.length), ...body];

const label = (name: string, value: string): number[] =>
  field(10, [...field(10, [...Buffer.from(name)]), ...field(18, [...Buffer.from(value)])]);

/** A sample: its value as 8 bytes after the first byte, then its instant. */
const SAMPLE = field(18, [9, ...Array.from({ length: 8 }, () => 0), 16, ...Array.from({ length: INSTANT_BYTES }, () => 0)]);

/** Snappy's block format with literals only: allowed, and nothing to compute. */
function snappy(message: Buffer, target: Buffer): Buffer<ArrayBuffer> {
  let at = Buffer.from(varint(message.length)).copy(target);
  for (let from = 0; from < message.length; from += LITERAL_BYTES_MAX) {
    const length = Math.min(LITERAL_BYTES_MAX, message.length - from);
    target[at] = 0xf4;
    target.writeUInt16LE(length - 1, at + 1);
    message.copy(target, at + 3, from, from + length);
    at += 3 + length;
  }
  return target.subarray(0, at) as Buffer<ArrayBuffer>;
}

export function createRemoteWrite(series: readonly Readonly<Record<string, string>>[], instants = 1): RemoteWrite {
  const parts: Buffer[] = [];
  const places: number[] = [];
  let length = 0;
  for (const labels of series) {
    const body = [
      ...Object.entries(labels)
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([name, value]) => label(name, value)),
      ...Array.from({ length: instants }, () => SAMPLE).flat(),
    ];
    const part = Buffer.from(field(10, body));
    length += part.length;
    parts.push(part);
    places.push(length - instants * SAMPLE.length + 3);
  }
  const message = Buffer.concat(parts);
  const target = Buffer.alloc(message.length + 3 * Math.ceil(message.length / LITERAL_BYTES_MAX) + 8);
  const encodeMany: RemoteWrite['encodeMany'] = (values, atMs) => {
    if (atMs.length !== instants) throw new RangeError(`${atMs.length} instants were given, not ${instants}`);
    for (const [k, at] of atMs.entries()) {
      const instant = Buffer.from(varint(at));
      if (instant.length !== INSTANT_BYTES) throw new RangeError(`the instant ${at} does not take ${INSTANT_BYTES} bytes`);
      const of = values[k]!;
      for (let index = 0; index < places.length; index++) {
        const place = places[index]! + k * SAMPLE.length;
        message.writeDoubleLE(of[index]!, place);
        instant.copy(message, place + 9);
      }
    }
    return snappy(message, target);
  };
  return { encode: (values, atMs) => encodeMany([values], [atMs]), encodeMany };
}
