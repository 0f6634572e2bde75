import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectSandbox, elementsIn, textOf, type SandboxClient } from '../../bots/sandbox/client.ts';
import type { Message } from '../../bots/sandbox/protocol.ts';
import type { Frame } from '../../core/contract.ts';
import { demoHistory } from '../../plugins/analytics/demo/history.ts';
import { until } from '../kit/collect.ts';
import type { HubProcess } from './hub-process.ts';

export interface JourneyFigures {
  readonly ackP99Ms: number;
  readonly createToGuestUpMs: number;
  readonly firstSampleMs: number;
  readonly forecastMs: number;
  readonly deleteMs: number;
  readonly restoreMs: number;
}

const VM = 'web-1';
const LIMIT_MS = 60_000;
const HISTORY_DAYS = 14;

/** The first journey, as a person types it: create, look, forecast, shut down, delete, bring back. */
export async function journey(hub: HubProcess, dir: string): Promise<JourneyFigures> {
  const chat = await connectSandbox({ pageUrl: hub.chatUrl });
  try {
    const person = createPerson(chat);
    await acknowledgements(person);
    const createdAt = performance.now();
    await person.job('/nova vm create web-1');
    await until('the guest is up', async () => (await consoleText(hub)).includes('NOVACRON-TINY READY'), LIMIT_MS);
    const upAt = performance.now();
    await until('it is measured', () => hasSample(hub), LIMIT_MS);
    const sampledAt = performance.now();
    const forecastMs = await forecast(hub, { person, chat, dir });
    await person.job(`/nova vm shutdown ${VM}`);
    const deleteMs = await person.job(`/nova vm delete ${VM}`);
    const restoreMs = await person.job(`/nova vm restore ${VM}`);
    const { state } = await hub.read<{ state: string }>('vm.get', { vm: VM });
    if (state !== 'shut-off') throw new Error(`After the restore ${VM} should be shut-off; it is ${state}.`);
    const acks = person.acksMs.toSorted((a, b) => a - b);
    return {
      ackP99Ms: acks[Math.ceil(acks.length * 0.99) - 1] ?? 0,
      createToGuestUpMs: upAt - createdAt,
      firstSampleMs: sampledAt - upAt,
      forecastMs,
      deleteMs,
      restoreMs,
    };
  } finally {
    chat.close();
  }
}

interface Person {
  readonly acksMs: number[];
  say(line: string): Promise<void>;
  /** Says it, confirms what is asked, and waits for the job's success; returns how long that took. */
  job(line: string): Promise<number>;
}

function createPerson(chat: SandboxClient): Person {
  const acksMs: number[] = [];
  const acknowledged = async (interaction: ReturnType<SandboxClient['command']>): Promise<void> => {
    const result = await interaction;
    if (!result.ok) throw new Error(`The bot did not acknowledge: ${result.error}`);
    acksMs.push(result.ackMs);
  };
  const say = (line: string): Promise<void> => acknowledged(chat.command(line));
  return {
    acksMs,
    say,
    async job(line) {
      const beganAt = performance.now();
      const old = new Set(chat.state.messages.map(({ ts }) => ts));
      const isNew = (message: Message): boolean => !old.has(message.ts);
      const confirmButton = (message: Message) => elementsIn(message).find(({ actionId }) => actionId.startsWith('nova.confirm'));
      await say(line);
      const answer = await chat.waitForMessage(
        (message) => isNew(message) && (confirmButton(message) !== undefined || isEnd(message)),
        AbortSignal.timeout(LIMIT_MS),
      );
      const confirm = confirmButton(answer);
      if (confirm) await acknowledged(chat.press(answer, confirm.actionId));
      const end = await chat.waitForMessage((message) => isNew(message) && isEnd(message), AbortSignal.timeout(LIMIT_MS));
      if (!end.text.startsWith('✅')) throw new Error(`${line}: ${textOf(end)}`);
      return performance.now() - beganAt;
    },
  };
}

const isEnd = ({ text }: Message): boolean => /^(✅|❌|↩️|⏹️)/u.test(text);

/** Enough small questions that a 99th percentile means something. */
async function acknowledgements({ say }: Person): Promise<void> {
  for (let i = 0; i < 100; i++) await say(i % 2 === 0 ? '/nova vm list' : '/nova help vm');
}

const consoleText = async (hub: HubProcess): Promise<string> => JSON.stringify(await hub.read('vm.console.read', { vm: VM }));

async function hasSample(hub: HubProcess): Promise<boolean> {
  const frame = await hub.read<Frame>('metrics.query', { metric: 'vm.cpuRatio', targets: [VM], from: '-10m' });
  return frame.fields.some(({ type, values }) => type === 'number' && values.some((value) => value !== null));
}

/** Gives the machine a generated history (the demo's), and waits for the picture in the thread. */
async function forecast(hub: HubProcess, { person, chat, dir }: { person: Person; chat: SandboxClient; dir: string }): Promise<number> {
  const { id } = await hub.read<{ id: string }>('vm.get', { vm: VM });
  const to = Math.floor(Date.now() / 300_000) * 300_000 - 900_000;
  const batches = [
    ...demoHistory({ id, kind: 'web', vcpus: 1, memoryBytes: 96 * 2 ** 20 }, { from: to - HISTORY_DAYS * 86_400_000, to }),
  ].filter(({ table }) => table === 'vm');
  const lines = batches.flatMap(({ at, rows }) => rows.map(({ entity, values }) => `${at},${entity},${String(values['cpuRatio'])}`));
  const file = join(dir, 'history.csv');
  await writeFile(file, `at,entity,cpuRatio\n${lines.join('\n')}\n`);
  await hub.change('metrics.import', { table: 'vm', file });
  const beganAt = performance.now();
  const old = new Set(chat.state.messages.map(({ ts }) => ts));
  await person.say(`/nova forecast vm ${VM}`);
  await chat.waitForMessage(({ ts, files }) => !old.has(ts) && files.length > 0, AbortSignal.timeout(LIMIT_MS));
  return performance.now() - beganAt;
}
