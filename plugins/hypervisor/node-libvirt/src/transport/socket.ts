import { connect } from 'node:net';
import type { NetConnectOpts, Socket } from 'node:net';

/** What one read takes at the most: enough for small answers, and once one was too large for it, a whole packet of a stream. */
const smallReadBytes = 4 * 1024;
const largeReadBytes = 256 * 1024;
const readsPerSlab = 4;

/**
 * A socket that reads into memory that serves many reads, where Node would take 64 KiB of new memory for each. It emits `data` like any other.
 * The bytes are good until the next `data`, unless `keepsBytes`: then they stay, and whoever keeps some keeps their whole piece of memory.
 */
export function connectSocket(to: NetConnectOpts, keepsBytes: boolean): Socket {
  const readsPerPiece = keepsBytes ? readsPerSlab : 1;
  let readBytes = smallReadBytes;
  let piece = Buffer.allocUnsafeSlow(readsPerPiece * readBytes);
  let used = 0;
  const placeForRead = (): Buffer => {
    if (piece.length - used < readBytes) {
      piece = Buffer.allocUnsafeSlow(readsPerPiece * readBytes);
      used = 0;
    }
    return piece.subarray(used, used + readBytes);
  };
  const onRead = (count: number): boolean => {
    const bytes = piece.subarray(used, used + count);
    if (keepsBytes) used += count;
    if (count === readBytes) readBytes = largeReadBytes;
    socket.emit('data', bytes);
    return true;
  };
  const socket = connect({ ...to, onread: { buffer: placeForRead, callback: onRead } });
  return socket;
}
