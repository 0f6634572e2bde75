import type { Hole, Stream } from '../../stream.ts';

const chunkBytesMax = 1024 * 1024;

/** The bytes of a volume. What was never written is zeros, which take no memory. */
export class Content {
  private bytes: Buffer = Buffer.alloc(0);
  /** Up to where something was written. */
  lengthBytes = 0;

  copy(): Content {
    const copy = new Content();
    copy.bytes = Buffer.from(this.bytes);
    copy.lengthBytes = this.lengthBytes;
    return copy;
  }

  truncate(lengthBytes: number): void {
    this.bytes.fill(0, Math.min(lengthBytes, this.bytes.length));
    this.lengthBytes = Math.min(lengthBytes, this.lengthBytes);
  }

  /** Takes bytes or a hole at an offset; gives back where the next ones belong. */
  put(section: Uint8Array | Hole, offsetBytes: number): number {
    if (!(section instanceof Uint8Array)) {
      const end = offsetBytes + section.holeBytes;
      this.bytes.fill(0, Math.min(offsetBytes, this.bytes.length), Math.min(end, this.bytes.length));
      return end;
    }
    const end = offsetBytes + section.length;
    if (end > this.bytes.length) this.bytes = Buffer.concat([this.bytes], Math.max(end, this.bytes.length * 2));
    this.bytes.set(section, offsetBytes);
    this.lengthBytes = Math.max(this.lengthBytes, end);
    return end;
  }

  /** Writes a part of it to a stream: the end that is all zeros as a hole where the reader knows what that is. */
  async send(stream: Stream, part: { beginBytes: number; endBytes: number; sparse: boolean }): Promise<void> {
    const written = Math.min(part.endBytes, this.lengthBytes);
    if (written > part.beginBytes) await stream.write(this.bytes.subarray(part.beginBytes, written));
    let zeros = part.endBytes - Math.max(part.beginBytes, written);
    if (zeros > 0 && part.sparse) return stream.write({ holeBytes: zeros });
    for (; zeros > 0; zeros -= chunkBytesMax) await stream.write(Buffer.alloc(Math.min(zeros, chunkBytesMax)));
  }
}
