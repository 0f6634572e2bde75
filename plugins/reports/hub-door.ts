import { HubError, type Actions, type Actor, type Jobs, type Json } from 'novacron/plugin';
import type { HubAnswer, HubRequest } from './session/protocol.ts';
import type { DataWindow } from './store.ts';

export interface DoorOptions {
  readonly actions: Actions;
  readonly jobs: Jobs;
  readonly actor: Actor;
  readonly signal: AbortSignal;
  readonly callsMax: number;
}

/** The hub for a notebook that runs inside of it: the same door as for everybody, in the name of the person who has it run. */
export interface Door {
  answer(request: HubRequest): Promise<HubAnswer>;
  /** What was read so far. */
  readonly dataWindow: DataWindow;
}

const instant = (value: unknown): number | null => (typeof value === 'number' && value > 0 ? value : null);
const edge = (pick: (a: number, b: number) => number, a: number | null, b: number | null): number | null =>
  a === null || b === null ? (a ?? b) : pick(a, b);

export function createDoor({ actions, jobs, actor, signal, callsMax }: DoorOptions): Door {
  let dataWindow: DataWindow = { from: null, to: null, questions: 0 };
  let calls = 0;

  /** Answers about measurements say which time they are about. */
  function note(output: Json): void {
    const { from, to } = typeof output === 'object' && output !== null && 'from' in output ? output : { from: null, to: null };
    dataWindow = {
      from: edge(Math.min, dataWindow.from, instant(from)),
      to: edge(Math.max, dataWindow.to, instant(to)),
      questions: dataWindow.questions + 1,
    };
  }

  async function call(action: string, input: unknown): Promise<HubAnswer> {
    const outcome = await actions.execute(action, input, { actor, via: 'notebook', signal });
    if (outcome.is === 'confirm') return { is: 'asked', confirmation: outcome.confirmation };
    if (outcome.is === 'accepted') return { is: 'job', job: await jobs.wait(outcome.job.id, signal) };
    note(outcome.output);
    return { is: 'output', output: outcome.output };
  }

  return {
    get dataWindow() {
      return dataWindow;
    },
    async answer(request) {
      calls += 1;
      if (calls > callsMax)
        throw new HubError('notebook_calls_many', `The notebook has called the hub ${callsMax} times; ask for more at once.`, {
          status: 429,
        });
      switch (request.is) {
        case 'call':
          return call(request.action, request.input);
        case 'job':
          return { is: 'job', job: await jobs.get(request.id, actor) };
        case 'confirm':
          throw new HubError(
            'notebook_confirm_refused',
            'A report cannot confirm: a person does, in the chat, on the page or on the command line.',
            {
              status: 403,
            },
          );
      }
    },
  };
}
