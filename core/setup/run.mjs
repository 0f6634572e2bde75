// Child processes of setup.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Runs a program in the foreground, its output shown on stderr; resolves to its exit code. */
export function show(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 2, 2], ...options });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}

/** Runs a short program and returns what it printed; status is null when it could not be started. */
export function ask(command, args, options = {}) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  return { status, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** Runs the task itself: same terminal, signals passed on, resolves to the exit code when it has ended in its own time. */
export function follow(command, args, options = {}) {
  const { onStart, ...spawnOptions } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...spawnOptions });
    const pass = (signal) => child.kill(signal);
    // Ctrl-C in a terminal reaches the child too, and a second one would end it at once: pass it on only when it has not heard.
    const passOnce = () => setTimeout(() => listensFor(child.pid, 2) && child.kill('SIGINT'), 200).unref();
    process.on('SIGINT', passOnce).on('SIGTERM', pass).on('SIGHUP', pass);
    const over = () => process.off('SIGINT', passOnce).off('SIGTERM', pass).off('SIGHUP', pass);
    child.on('spawn', () => onStart?.(child.pid));
    child.on('error', (error) => {
      over();
      reject(error);
    });
    child.on('close', (code, signal) => {
      over();
      resolve(code ?? 128 + signalNumber(signal));
    });
  });
}

/** A process that waits for a signal once has no handler any more when it has got it. */
function listensFor(pid, signal) {
  try {
    const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return caught === undefined || ((BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n) === 1n;
  } catch {
    // No such file: the child is gone, or this is not Linux and the terminal has done it.
    return false;
  }
}

const signalNumber = (signal) => ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 })[signal] ?? 1;
