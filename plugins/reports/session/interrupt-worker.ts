import { Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { INTERRUPT_FD } from './protocol.ts';

/** Hears the request to stop a cell while the main thread is busy with it: loops of cells look at the shared number, waiting cells get the message. */
const stopped = workerData as Int32Array;

new Socket({ fd: INTERRUPT_FD, readable: true, writable: false }).on('data', () => {
  Atomics.store(stopped, 0, 1);
  parentPort?.postMessage('interrupt', []);
});
