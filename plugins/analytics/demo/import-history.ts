import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubError, type Metrics, type SampleBatch } from 'novacron/plugin';
import { demoHistory, type DemoRange, type DemoVm } from './history.ts';

/** Whose tables the history goes into. */
const PLUGIN = 'monitoring';
const TABLES = ['vm', 'vm.disk', 'vm.nic'] as const;
/** Written at once; between two writes the loop is free. */
const LINES_PER_WRITE = 500;

interface CsvFile {
  readonly table: string;
  readonly path: string;
  readonly columns: readonly string[];
}

/** The columns that the monitoring plugin declares; what it does not know is left out. */
function columnsOf(metrics: Metrics, table: string, first: SampleBatch | undefined): string[] {
  return Object.keys(first?.rows[0]?.values ?? {}).filter((name) => metrics.declared().has(`${table}.${name}`));
}

function lineOf({ columns, table }: CsvFile, { at, rows }: SampleBatch): string {
  const lines = rows.map(({ entity, device, values }) => {
    const key = table.includes('.') ? [at, entity, device ?? ''] : [at, entity];
    return [...key, ...columns.map((name) => values[name] ?? '')].join(',');
  });
  return `${lines.join('\n')}\n`;
}

async function writeCsv(file: CsvFile, handle: FileHandle, batches: Iterable<SampleBatch>): Promise<void> {
  const key = file.table.includes('.') ? ['at', 'entity', 'device'] : ['at', 'entity'];
  let lines = [`${[...key, ...file.columns].join(',')}\n`];
  for (const batch of batches) {
    if (batch.table !== file.table) continue;
    lines.push(lineOf(file, batch));
    if (lines.length < LINES_PER_WRITE) continue;
    await handle.write(lines.join(''));
    lines = [];
  }
  await handle.write(lines.join(''));
}

/**
 * Loads the generated history of a VM into the monitoring plugin's tables, as a file: one import a table, and what is there already stays as
 * it is, so that a second call adds nothing. Nothing of it reaches the listeners for live samples. Answers the number of rows added.
 */
export async function importHistory(
  metrics: Metrics,
  what: { readonly vm: DemoVm; readonly range: DemoRange },
  signal: AbortSignal,
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'novacron-demo-'));
  let added = 0;
  try {
    for (const table of TABLES) {
      const first = demoHistory(what.vm, what.range).find((batch) => batch.table === table);
      const columns = columnsOf(metrics, table, first);
      if (columns.length === 0) continue;
      const file = { table, columns, path: join(folder, `${table}.csv`) };
      await using handle = await open(file.path, 'w');
      await writeCsv(file, handle, demoHistory(what.vm, what.range));
      signal.throwIfAborted();
      added += (await metrics.importFile(PLUGIN, table, file.path, signal)).rows;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return added;
}

/** HubError `demo_unavailable` when no plugin declares the tables. */
export function checkTables(metrics: Metrics): void {
  if (metrics.declared().has('vm.cpuRatio')) return;
  throw new HubError('demo_unavailable', `The demo needs the plugin '${PLUGIN}', which is not on. Add it to plugins.json.`, {
    status: 503,
  });
}
