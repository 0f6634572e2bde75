import { errorCodes } from 'fastify';

/** A body that was read into room that is used again; `release` gives the room back, the bytes are no longer valid then. */
export interface RoomyBody {
  readonly bytes: Uint8Array;
  release(): void;
}

const ROOM_BYTES_MAX = 32 * 2 ** 20;

/**
 * Reads large bodies that come all the time, such as remote write, one after the other into the same room: new buffers of a megabyte for each would keep the
 * garbage collector at work more than all else. Bodies that come at once get room of their own.
 */
export function createRoom(): (body: AsyncIterable<Buffer>, bytesMax: number) => Promise<RoomyBody> {
  let spare = Buffer.alloc(0);
  return async (body, bytesMax) => {
    let room: Buffer = spare;
    spare = Buffer.alloc(0);
    let length = 0;
    for await (const chunk of body) {
      const needed = length + chunk.length;
      if (needed > bytesMax) throw new errorCodes.FST_ERR_CTP_BODY_TOO_LARGE();
      if (needed > room.length) {
        const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * room.length));
        room.copy(larger, 0, 0, length);
        room = larger;
      }
      chunk.copy(room, length);
      length = needed;
    }
    const release = (): void => {
      if (room.length > spare.length && room.length <= ROOM_BYTES_MAX) spare = room as typeof spare;
    };
    return { bytes: room.subarray(0, length), release };
  };
}
