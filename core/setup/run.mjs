// Child processes of setup.
import { spawn, spawnSync } from 'node:child_process';

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
    // A terminal sends Ctrl-C to the child as well, so it is only kept from ending us first. The others reach us alone.
    const wait = () => undefined;
    const pass = (signal) => child.kill(signal);
    process.on('SIGINT', wait).on('SIGTERM', pass).on('SIGHUP', pass);
    const over = () => process.off('SIGINT', wait).off('SIGTERM', pass).off('SIGHUP', pass);
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

const signalNumber = (signal) => ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 })[signal] ?? 1;
