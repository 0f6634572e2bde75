import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
// Brings the gradients of all operations, which the core alone lacks.
import '@tensorflow/tfjs-layers';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';

/** The native package; a variable, because it is optional and its types are not here. */
const NATIVE = '@tensorflow/tfjs-node';

async function nativeIsThere(): Promise<boolean> {
  try {
    await import(NATIVE);
    return true;
  } catch (error) {
    // Not installed is the usual case. Installed but unusable here (no binary for this machine) is one as well: wasm does the same, slower.
    if (error instanceof Error) return false;
    throw error;
  }
}

async function choose(): Promise<string> {
  if (await nativeIsThere()) {
    await tf.setBackend('tensorflow');
  } else {
    setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`);
    await tf.setBackend('wasm');
  }
  await tf.ready();
  return tf.getBackend();
}

let started: Promise<string> | undefined;

/** Chooses the native backend when a user has installed it, else WebAssembly from the files of the package: never the network. Once a thread. */
export async function startTensorflow(): Promise<string> {
  started ??= choose();
  return started;
}

export { tf };
