/**
 * A sender sends the same series in the same order again and again: then only values and instants differ between two messages. They are patched into a copy of the
 * message before; when the two are the same then, so is everything else, and nothing needs to be taken apart.
 */
export interface Layout<Place> {
  readonly message: Buffer;
  readonly view: DataView;
  readonly places: readonly Place[];
  /** Where the value of each sample stands; its instant's tag follows the 8 bytes, and then the instant up to `ends`. */
  readonly values: Int32Array;
  readonly ends: Int32Array;
}

/** Layouts of a few senders (or of one sender's shards) by the lengths of their messages. */
const LAYOUTS_MAX = 16;

export interface Layouts<Place> {
  /** The places of the message's samples, and what they are, when it is laid out as one before; else null. */
  match(message: Uint8Array, into: { readonly at: Float64Array; readonly values: Float64Array }): readonly Place[] | null;
  keep(
    message: Uint8Array,
    of: { readonly places: readonly Place[]; readonly values: readonly number[]; readonly ends: readonly number[] },
  ): void;
}

export function createLayouts<Place>(): Layouts<Place> {
  const known = new Map<number, Layout<Place>>();
  return {
    match(message, into) {
      const layout = known.get(message.length);
      if (layout === undefined || layout.places.length > into.at.length) return null;
      const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
      for (let index = 0; index < layout.places.length; index++) {
        const place = layout.values[index]!;
        const end = layout.ends[index]!;
        into.values[index] = view.getFloat64(place, true);
        // As bits: a number that is none may lose some on its way through a double.
        layout.view.setUint32(place, view.getUint32(place));
        layout.view.setUint32(place + 4, view.getUint32(place + 4));
        let at = 0;
        let factor = 1;
        for (let k = place + 9; k < end; k++) {
          const byte = message[k]!;
          layout.message[k] = byte;
          at += (byte & 127) * factor;
          factor *= 128;
        }
        into.at[index] = at;
      }
      return Buffer.compare(layout.message, message) === 0 ? layout.places : null;
    },
    keep(message, { places, values, ends }) {
      if (known.size >= LAYOUTS_MAX) known.clear();
      const copy = Buffer.from(message);
      const view = new DataView(copy.buffer, copy.byteOffset, copy.byteLength);
      known.set(message.length, { message: copy, view, places: [...places], values: Int32Array.from(values), ends: Int32Array.from(ends) });
    },
  };
}
