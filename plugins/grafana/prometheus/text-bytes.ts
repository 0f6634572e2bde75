const ROOM_BYTES = 64 * 1024;
const ASCII_MAX = 127;
const UTF8_BYTES_MAX = 3;

const encoder = new TextEncoder();

/** Text that grows at its end, as the bytes that are sent: strings of megabytes, put together piece by piece, would be garbage for the most part. */
export class TextBytes {
  #room: Buffer;
  #length = 0;

  /** `expected`: about how many bytes there will be. */
  constructor(expected = ROOM_BYTES) {
    this.#room = Buffer.allocUnsafeSlow(expected);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#room.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#room.length, this.#length + bytes));
    this.#room.copy(larger, 0, 0, this.#length);
    this.#room = larger;
  }

  /** Best for short texts, such as numbers. */
  text(text: string): void {
    this.#reserve(UTF8_BYTES_MAX * text.length);
    const room = this.#room;
    let at = this.#length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > ASCII_MAX) {
        this.#length += encoder.encodeInto(text, room.subarray(this.#length)).written;
        return;
      }
      room[at++] = code;
    }
    this.#length = at;
  }

  /** What is written again and again is encoded once. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#room.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A view: nothing may be written afterwards. */
  whole(): Uint8Array {
    return this.#room.subarray(0, this.#length);
  }
}

export const toBytes = (text: string): Uint8Array => encoder.encode(text);
