// npm run bench -- NAME [--data DIR] [--scale FRACTION] [--json]
import { readdir, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { formatTable } from './table.ts';

/** One bound or aim that the bench checks, with the value it got. */
export interface Aim {
  readonly name: string;
  readonly value: number | null;
  /** Said with its relation and unit: `< 20 ms`. */
  readonly aim: string;
  readonly met: boolean;
}

export interface BenchTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

export interface BenchOptions {
  /** A folder with data to measure on, when the person named one. */
  readonly data?: string;
  /** Fraction of the full size, for a quick look; 1 is the real thing, and the only one that aims are said of. */
  readonly scale: number;
  /** True when the last line will be for a machine: a bench prints nothing to stdout itself then. */
  readonly json: boolean;
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal;
}

export interface BenchResult {
  /** Numbers by name, the unit last in the name. Nested one level at most. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly aims: readonly Aim[];
  /** For people; without any, the figures are the table. */
  readonly tables?: readonly BenchTable[];
}

/** What each file beside this one exports. */
export interface BenchModule {
  readonly bench: (options: BenchOptions) => Promise<BenchResult>;
}

/** Beside the benches stand files that they share; a bench is what exports one. */
async function names(): Promise<string[]> {
  const here = new URL('.', import.meta.url);
  const found: string[] = [];
  for (const file of (await readdir(here)).toSorted()) {
    if (!file.endsWith('.ts')) continue;
    const text = await readFile(new URL(file, here), 'utf8');
    if (/^export (async function|function|const) bench\b/m.test(text)) found.push(file.slice(0, -3));
  }
  return found;
}

/** Runs one bench and prints it; returns the exit code, which says whether it ran, not whether the aims were met. */
async function main(argv: string[]): Promise<number> {
  const options = { data: { type: 'string' }, scale: { type: 'string', default: '1' }, json: { type: 'boolean', default: false } } as const;
  const { positionals, values } = parseArgs({ args: argv, options, allowPositionals: true });
  const [name = ''] = positionals;
  const known = await names();
  if (!known.includes(name)) {
    console.error(`${name ? `There is no bench "${name}".` : 'Which bench?'} There are: ${known.join(', ')}.`);
    return 2;
  }
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('Stopped by Ctrl-C.')));
  const { bench } = (await import(`./${name}.ts`)) as BenchModule;
  const result = await bench({
    ...(values.data !== undefined && { data: values.data }),
    scale: Number(values.scale),
    json: values.json,
    signal: stop.signal,
  });
  for (const table of tablesOf(name, result)) console.log(`\n${formatTable(table)}`);
  if (values.json) console.log(JSON.stringify({ bench: name, figures: result.figures, aims: result.aims }));
  return 0;
}

function tablesOf(name: string, { figures, aims, tables }: BenchResult): BenchTable[] {
  const rows = Object.entries(figures).map(([figure, value]) => [figure, typeof value === 'number' ? value : JSON.stringify(value)]);
  const all: BenchTable[] = [...(tables ?? [{ title: name, columns: ['figure', 'value'], rows }])];
  if (aims.length > 0) {
    const aimRows = aims.map((each) => [each.name, each.value ?? 'not measured', each.aim, each.met ? 'met' : 'NOT MET']);
    all.push({ title: 'aims', columns: ['aim', 'value', 'bound', ''], rows: aimRows });
  }
  return all;
}

process.exitCode = await main(process.argv.slice(2));
