import { read } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { INTERRUPT_FD } from './protocol.ts';

/** Hears the request to stop a cell while the main thread is busy with it: loops of cells look at the shared number, waiting cells get the message. */
const stopped = workerData as Int32Array;

function listen(): void {
  const byte = Buffer.alloc(1);
  read(INTERRUPT_FD, byte, 0, 1, null, (error, count) => {
    if (error !== null || count === 0) return;
    Atomics.store(stopped, 0, 1);
    parentPort?.postMessage('interrupt', []);
    listen();
  });
}

listen();
