import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';

/** What one read takes at the most: enough for small answers, and once one was too large for it, a whole packet of a stream. */
const smallReadBytes = 4 * 1024;
const largeReadBytes = 256 * 1024;
const readsPerSlab = 4;

/**
 * A socket that reads into pieces of memory that serve many reads, where Node would take 64 KiB of new memory for each. It emits `data` like
 * any other; who keeps the bytes keeps their whole piece.
 */
export function connectSocket(to: NetConnectOpts): Socket {
  let readBytes = smallReadBytes;
  let slab = Buffer.allocUnsafeSlow(readsPerSlab * readBytes);
  let used = 0;
  const placeForRead = (): Buffer => {
    if (slab.length - used < readBytes) {
      slab = Buffer.allocUnsafeSlow(readsPerSlab * readBytes);
      used = 0;
    }
    return slab.subarray(used, used + readBytes);
  };
  const onRead = (count: number): boolean => {
    const bytes = slab.subarray(used, used + count);
    used += count;
    if (count === readBytes) readBytes = largeReadBytes;
    socket.emit('data', bytes);
    return true;
  };
  const socket = connect({ ...to, onread: { buffer: placeForRead, callback: onRead } });
  return socket;
}
