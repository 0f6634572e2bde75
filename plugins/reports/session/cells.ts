import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { complete, inspectAt } from './complete.ts';
import { describeThrown } from './failures.ts';
import { CELL_HOST, type CellHost, type FromCells, type HubAnswer, type ToCells } from './protocol.ts';
import { Session } from './session.ts';

/** The process that runs the cells of one notebook. `--interruptible`: a thread beside it can stop a cell that computes without a pause. */
const send = (message: FromCells): void => {
  if (process.connected) process.send?.(message);
};

const stopped = new Int32Array(new SharedArrayBuffer(4));
const session = new Session({
  stopped,
  cwd: process.cwd(),
  projectDir: join(import.meta.dirname, '..', '..', '..'),
  output: (output) => send({ is: 'output', output }),
});

const asked = new Map<number, (answer: HubAnswer) => void>();
let asks = 0;
const host: CellHost = {
  ask: (request) =>
    new Promise((resolve) => {
      asks += 1;
      asked.set(asks, resolve);
      send({ is: 'ask', id: asks, request });
    }),
  display: (data) => send({ is: 'output', output: { is: 'display', data, metadata: {} } }),
};
Object.defineProperty(globalThis, CELL_HOST, { value: host });

async function handle(message: ToCells): Promise<void> {
  if (message.is === 'answer') {
    asked.get(message.id)?.(message.answer);
    asked.delete(message.id);
    return;
  }
  const { id, code } = message;
  switch (message.is) {
    case 'run':
      return send({ is: 'done', id, value: await session.run(code, message.name) });
    case 'complete':
      return send({ is: 'done', id, value: complete(code, message.cursor) });
    case 'inspect':
      return send({ is: 'done', id, value: inspectAt(code, message.cursor) });
  }
}

/** Something that a cell began and did not wait for: the cell is long over, the notebook goes on. */
function reportStray(error: unknown): void {
  const { traceback } = describeThrown({ error, code: '', name: '' });
  send({ is: 'output', output: { is: 'stream', name: 'stderr', text: `Not awaited: ${traceback.join('\n')}\n` } });
}

process.on('message', (message: ToCells) => void handle(message).catch(reportStray));
process.on('disconnect', () => process.exit(0));
process.on('unhandledRejection', reportStray);
process.on('uncaughtException', reportStray);

if (process.argv.includes('--interruptible')) {
  const interrupter = new Worker(new URL('./interrupt-worker.ts', import.meta.url), { workerData: stopped });
  interrupter.unref();
  interrupter.on('message', () => session.interrupt());
}
send({ is: 'ready' });
