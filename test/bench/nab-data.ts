import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One series of the corpus. What a detector may see is `at` and `value`, a row at a time; the rest is for the scorer. */
export interface NabFile {
  /** `realTraffic/speed_6005.csv`. */
  readonly name: string;
  /** Epoch milliseconds; the corpus states no zone, so UTC is as good as any. */
  readonly at: Float64Array;
  readonly value: Float64Array;
  /** First and last row of each window, both included. */
  readonly windows: readonly (readonly [number, number])[];
}

export const PROFILES = ['standard', 'reward_low_FP_rate', 'reward_low_FN_rate'] as const;
export type Profile = (typeof PROFILES)[number];

export interface CostMatrix {
  readonly tpWeight: number;
  readonly fnWeight: number;
  readonly fpWeight: number;
}

export interface NabCorpus {
  /** In the order of their names. */
  readonly files: readonly NabFile[];
  readonly costs: Readonly<Record<Profile, CostMatrix>>;
  /** Scores by detector as the benchmark's own project published them. */
  readonly published: Readonly<Record<string, Readonly<Record<Profile, number>>>>;
}

const json = async (path: string): Promise<unknown> => JSON.parse(await readFile(path, 'utf8')) as unknown;

export const instantOf = (text: string): number => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`);

/** Columns of a CSV without quotes, by name. */
export async function readColumns(path: string, wanted: readonly string[]): Promise<string[][]> {
  const [head = '', ...lines] = (await readFile(path, 'utf8')).trimEnd().split(/\r?\n/);
  const names = head.split(',');
  const indexes = wanted.map((name) => names.indexOf(name));
  const missing = wanted.find((_, i) => indexes[i] === -1);
  if (missing !== undefined) throw new Error(`${path} has no column '${missing}'.`);
  const rows = lines.map((line) => line.split(','));
  return indexes.map((index) => rows.map((row) => row[index] ?? ''));
}

async function readSeries(folder: string, name: string, windows: readonly (readonly [string, string])[]): Promise<NabFile> {
  const [times = [], values = []] = await readColumns(join(folder, 'data', name), ['timestamp', 'value']);
  const at = Float64Array.from(times, instantOf);
  const rowsOf = ([from, to]: readonly [string, string]): [number, number] => [
    at.findIndex((instant) => instant >= instantOf(from)),
    at.findLastIndex((instant) => instant <= instantOf(to)),
  ];
  return { name, at, value: Float64Array.from(values, Number), windows: windows.map(rowsOf) };
}

/** Reads the corpus below `<dir>/nab`, laid out as its project does. */
export async function readCorpus(dir: string): Promise<NabCorpus> {
  const folder = join(dir, 'nab');
  const windows = (await json(join(folder, 'labels', 'combined_windows.json'))) as Record<string, [string, string][]>;
  const profiles = (await json(join(folder, 'config', 'profiles.json'))) as Record<Profile, { CostMatrix: CostMatrix }>;
  const published = await json(join(folder, 'published-results.json')).catch(() => json(join(folder, 'results', 'final_results.json')));
  const names = Object.keys(windows).toSorted();
  return {
    files: await Promise.all(names.map((name) => readSeries(folder, name, windows[name] ?? []))),
    costs: {
      standard: profiles.standard.CostMatrix,
      reward_low_FP_rate: profiles.reward_low_FP_rate.CostMatrix,
      reward_low_FN_rate: profiles.reward_low_FN_rate.CostMatrix,
    },
    published: published as NabCorpus['published'],
  };
}

/** The scores that another detector gave each row, from its result files; undefined where those are not in the data folder. */
export async function readResults(dir: string, detector: string, files: readonly NabFile[]): Promise<Float64Array[] | undefined> {
  const scores: Float64Array[] = [];
  for (const { name, at } of files) {
    const [category = '', file = ''] = name.split('/');
    const path = join(dir, 'nab', 'results', detector, category, `${detector}_${file}`);
    const columns = await readColumns(path, ['anomaly_score']).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    if (columns === undefined) return undefined;
    const found = Float64Array.from(columns[0] ?? [], Number);
    if (found.length !== at.length) throw new Error(`${path} has ${found.length} rows, the series ${at.length}.`);
    scores.push(found);
  }
  return scores;
}
