import { describe, expect, it } from 'vitest';
import { Steps } from '../../../core/jobs/steps.ts';

const forever = new AbortController().signal;

/** Steps of a job whose hub is sure of it for one of these terms after the other. */
function stepsIn(terms: readonly AbortSignal[]): Steps {
  let term = 0;
  return new Steps({
    record: (_, run) => run(),
    signal: forever,
    stopping: forever,
    mayGoOn: async () => terms[Math.min(term++, terms.length - 1)] ?? forever,
    onStep: () => {},
    onRetry: () => {},
    onBusy: () => {},
  });
}

describe('a step under way when the hub is not sure of its job any more', () => {
  it('is told, and looks at the truth anew once the hub is sure again', async () => {
    const first = new AbortController();
    const seen: string[] = [];
    const done = stepsIn([first.signal, forever]).step('shut down', async (signal) => {
      seen.push('looks');
      if (seen.length === 1) first.abort(new Error('The hub was frozen.'));
      // What must not be done twice asks first.
      signal.throwIfAborted();
      seen.push('acts');
      return 'off';
    });
    expect(await done).toBe('off');
    expect(seen).toEqual(['looks', 'looks', 'acts']);
  });

  it('keeps what it has done, when it had done it', async () => {
    const first = new AbortController();
    let times = 0;
    const done = await stepsIn([first.signal, forever]).step('write', async () => {
      first.abort();
      return ++times;
    });
    expect(done).toBe(1);
  });

  it('fails as before with what is its own failure', async () => {
    const failing = stepsIn([forever]).step('refuse', () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toMatchObject({ code: 'action_failed' });
  });
});
