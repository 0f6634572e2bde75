import hypervisor from '../../plugins/hypervisor/index.ts';
import { hasEnded } from '../../core/contract.ts';
import { createHub, type RunningHub } from '../../core/hub.ts';
import { createLog } from '../../core/log.ts';
import { HubConfig } from '../../core/plugins/hub-config.ts';
import { withConfig } from '../../core/plugins/load.ts';
import type { FromHub, HubSetup, ToHub } from './hub-process.ts';

/** The hub of the crash matrix: a process of its own, so that it can be killed. It stops at each step until the matrix lets it go on. */
const setup = JSON.parse(process.argv[2] ?? '{}') as HubSetup;
const gates = new Map<number, () => void>();
let gatesMade = 0;
const send = (message: FromHub): void => void process.send?.(message);

function pass(phase: 'before' | 'after' | 'undo', job: { id: string; action: string }, step: string): Promise<void> {
  const gate = ++gatesMade;
  const { promise, resolve } = Promise.withResolvers<void>();
  gates.set(gate, resolve);
  send({ is: 'step', gate, phase, step, jobId: job.id, action: job.action });
  return promise;
}

const hub = createHub({
  dataDir: setup.dataDir,
  config: HubConfig.parse({ port: 0, tenants: ['default'], databaseUrl: setup.databaseUrl }),
  plugins: [await withConfig(hypervisor, { file: 'crash', raw: setup.hypervisor })],
  log: createLog({ level: setup.logLevel }),
  onStep: (phase, { job, step }) => pass(phase, job, step),
});
const running = await hub.start();
const actor = await running.identity.users.ensure({ name: 'crash', displayName: 'Crash matrix', role: 'admin', tenant: 'default' });

async function execute({ actions }: RunningHub, id: string, input: unknown): Promise<unknown> {
  const call = { actor, via: 'hub' } as const;
  let outcome = await actions.execute(id, input, call);
  if (outcome.is === 'confirm') outcome = await actions.confirm(outcome.confirmation.token, call);
  return outcome.is === 'accepted' ? { jobId: outcome.job.id } : outcome.is === 'done' ? outcome.output : null;
}

async function answer(message: Exclude<ToHub, { is: 'go' }>): Promise<unknown> {
  switch (message.is) {
    case 'execute':
      return execute(running, message.action, message.input);
    case 'job': {
      const job = await running.jobs.get(message.id, actor);
      return { ended: hasEnded(job), state: job.state };
    }
    case 'cancel':
      return running.jobs.cancel(message.id, { actor, via: 'hub' });
    case 'verify':
      return running.audit.verify();
    case 'stop':
      await hub.stop();
      return null;
  }
}

process.on('message', (message: ToHub) => {
  if (message.is === 'go') {
    gates.get(message.gate)?.();
    gates.delete(message.gate);
    return;
  }
  answer(message).then(
    (value) => {
      send({ is: 'answer', seq: message.seq, value });
      if (message.is === 'stop') process.disconnect();
    },
    (error: unknown) => send({ is: 'answer', seq: message.seq, error: error instanceof Error ? error.message : String(error) }),
  );
});
// Nobody would ever kill the hub of a matrix that is gone.
process.on('disconnect', () => process.exit());
send({ is: 'ready' });
