import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseRequest, UsageError, type Request } from './arguments.ts';
import { surveyCgroups } from './cgroups.ts';
import { askKeeper, Refusal, type Command, type LabStatus } from './control.ts';
import { isStale, listLabs, removeStaleLabs, type LabRecord } from './folder.ts';
import type { KeeperReport } from './keeper.ts';
import { onMachineOf } from './namespaces.ts';

/** `npm run lab -- …`: starts a lab that stays, finds it by its folder, and acts on it through its keeper. */
const KEEPER = fileURLToPath(new URL('keeper.ts', import.meta.url));

interface Found {
  readonly record: LabRecord;
  /** Undefined when no keeper answers: the lab belongs to a test or a script, or it is stale. */
  readonly status: LabStatus | undefined;
}

async function findLabs(): Promise<Found[]> {
  return Promise.all(
    (await listLabs()).map(async (record) => ({ record, status: (await askKeeper(record.dir, { do: 'status' })) ?? undefined })),
  );
}

/** The lab that a command means: the one that is kept, or the one of that number. */
async function choose(number: number | undefined): Promise<LabStatus> {
  const found = await findLabs();
  const kept = found.flatMap(({ status }) => (status && (number === undefined || status.number === number) ? [status] : []));
  if (kept.length === 1 && kept[0]) return kept[0];
  if (kept.length > 1)
    throw new UsageError(`There are several labs; say which one: ${kept.map((each) => `--lab ${each.number}`).join(', ')}.`);
  if (number === undefined) throw new UsageError('No lab is up. Start one: npm run lab -- up --hosts 3');
  const other = found.find(({ record }) => record.number === number);
  if (!other) throw new UsageError(`There is no lab ${number}. Which there are: npm run lab -- status`);
  if (isStale(other.record)) throw new UsageError(`The owner of lab ${number} is dead. Remove it: npm run lab -- down --stale`);
  throw new UsageError(`Lab ${number} belongs to process ${other.record.owner.pid}, a test or a script, and only that can change it.`);
}

async function up({ hosts, storage }: Request & { is: 'up' }): Promise<void> {
  const startedAt = performance.now();
  const keeper = spawn(process.execPath, [KEEPER, String(hosts), storage], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const ended = once(keeper, 'exit').then(([code]): KeeperReport => ({ error: `The lab's keeper ended with exit code ${String(code)}.` }));
  const [report] = (await Promise.race([once(keeper, 'message'), ended.then((each) => [each])])) as [KeeperReport];
  if ('error' in report) throw new Refusal(report.error);
  keeper.unref();
  const status = await askKeeper(report.dir, { do: 'status' });
  if (status) console.log(describe(status));
  for (const [controller, why] of Object.entries((await surveyCgroups()).missing))
    console.log(`  The hosts lack the controller ${controller}: it ${why}.`);
  console.log(`Up in ${((performance.now() - startedAt) / 1000).toFixed(1)} s, kept by process ${keeper.pid}. End it: npm run lab -- down`);
}

async function status(json: boolean): Promise<void> {
  const found = await findLabs();
  if (json) {
    console.log(JSON.stringify({ labs: found.map(({ record, status }) => ({ ...record, isStale: isStale(record), ...status })) }));
    return;
  }
  for (const { record, status } of found) {
    if (status) console.log(describe(status));
    else if (isStale(record)) console.log(`nova-lab-${record.number}  stale: its owner is dead. Remove it: npm run lab -- down --stale`);
    else console.log(`nova-lab-${record.number}  belongs to process ${record.owner.pid}`);
  }
  if (found.length === 0) console.log('No lab is up. Start one: npm run lab -- up --hosts 3');
}

function describe({ name, machines, links }: LabStatus): string {
  const lines = machines.map(({ name, address, pid, isCut, rateMbit, uri }) => {
    const state = [pid === null ? 'down' : 'up', ...(isCut ? ['cut'] : []), ...(rateMbit === null ? [] : [`${rateMbit} Mbit/s`])];
    return `  ${name.padEnd(7)} ${address.padEnd(13)} ${state.join(', ').padEnd(16)} ${uri ?? ''}`.trimEnd();
  });
  const qualities = links.map(
    ({ a, b, quality }) => `  ${a} - ${b}: ${quality.delayMs} ms, jitter ${quality.jitterMs} ms, loss ${quality.lossRatio * 100} %`,
  );
  return [name, ...lines, ...qualities].join('\n');
}

/** A shell on a machine, or one command; resolves to its exit code. */
async function shell({ machine, command }: Request & { is: 'shell' }, lab: LabStatus): Promise<number> {
  const found = lab.machines.find(({ name }) => name === machine);
  if (!found) throw new UsageError(`There is no ${machine} in ${lab.name}; there are: ${lab.machines.map(({ name }) => name).join(', ')}.`);
  if (found.pid === null) throw new UsageError(`${machine} is down. Bring it back: npm run lab -- up ${machine}`);
  const [program, ...args] = onMachineOf(found.pid);
  const child = spawn(program, [...args, ...(command.length > 0 ? command : ['bash'])], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function carryOut(command: Command, lab: LabStatus): Promise<void> {
  await askKeeper(lab.dir, command);
  const now = command.do === 'down' ? undefined : await askKeeper(lab.dir, { do: 'status' });
  console.log(now ? describe(now) : `${lab.name} is gone.`);
}

/** Does one request; returns the exit code. */
async function main(argv: readonly string[]): Promise<number> {
  const { request, lab } = parseRequest(argv);
  switch (request.is) {
    case 'up':
      await up(request);
      return 0;
    case 'status':
      await status(request.json);
      return 0;
    case 'shell':
      return shell(request, await choose(lab));
    case 'stale': {
      const removed = await removeStaleLabs();
      console.log(removed.length === 0 ? 'No lab is stale.' : `Removed: ${removed.map((number) => `nova-lab-${number}`).join(', ')}.`);
      return 0;
    }
    case 'command':
      await carryOut(request.command, await choose(lab));
      return 0;
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  // What a person can mend is said in a sentence; everything else is a fault of ours and keeps its stack trace.
  if (!(error instanceof UsageError || error instanceof Refusal)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
