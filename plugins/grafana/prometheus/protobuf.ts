import { HubError } from 'novacron/plugin';

export const malformed = (): HubError =>
  new HubError('prometheus_write_invalid', 'The body is not a remote write message (version 1.0).', { status: 400 });

/** Reads fields of a protobuf message; errors: `prometheus_write_invalid`. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let k = 0; k < 10; k++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) throw malformed();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
    throw malformed();
  }

  double(limit: number): number {
    if (this.at + 8 > limit) throw malformed();
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** The end of a field with a length. */
  end(limit: number): number {
    const end = this.varint() + this.at;
    if (end > limit) throw malformed();
    return end;
  }

  skip(tag: number, limit: number): void {
    const wire = tag & 7;
    if (wire === 0) this.varint();
    else if (wire === 1) this.at += 8;
    else if (wire === 2) this.at = this.end(limit);
    else if (wire === 5) this.at += 4;
    else throw malformed();
    if (this.at > limit) throw malformed();
  }
}
