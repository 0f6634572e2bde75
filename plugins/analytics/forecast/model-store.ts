import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, Log } from 'novacron/plugin';
import { isKnown, type TrainedModel } from '../models/trained.ts';

/** A version of a model trained across series. */
export interface ModelVersion {
  readonly id: string;
  readonly metric: string;
  /** Name of the model: `season-linear`. */
  readonly kind: string;
  readonly trainedAt: number;
  readonly seriesCount: number;
  readonly cpuSeconds: number;
  readonly mase: number;
  /** Of the version it was held against; `null`: there was none. */
  readonly rivalMase: number | null;
  readonly state: 'active' | 'replaced' | 'refused';
}

type ModelRow = Omit<ModelVersion, 'trainedAt'> & { readonly trainedAt: string };

const VERSIONS_MAX = 500;

/** Versions of models: their record in the table `model`, the weights of those in use in files of the plugin's folder. */
export class ModelStore {
  readonly #db: Database;
  readonly #dir: string;
  readonly #log: Log;
  readonly #active = new Map<string, readonly TrainedModel[]>();

  constructor({ database, dataDir, log }: { database: Database; dataDir: string; log: Log }) {
    this.#db = database;
    this.#dir = join(dataDir, 'models');
    this.#log = log;
  }

  /** The models in use for a metric; from memory after the first time. A file that was lost is said, and does without. */
  async active(metric: string): Promise<readonly TrainedModel[]> {
    const known = this.#active.get(metric);
    if (known !== undefined) return known;
    const rows = await this.#db.sql<{
      id: string;
    }>`select "id" from "model" where "metric" = ${metric} and "state" = 'active' order by "kind"`;
    const models = (await Promise.all(rows.map(({ id }) => this.#read(id)))).filter((model) => model !== undefined);
    this.#active.set(metric, models);
    return models;
  }

  async versions(metric: string | undefined): Promise<ModelVersion[]> {
    const rows = await this.#db.sql<ModelRow>`select * from "model" where (${metric ?? null}::text is null or "metric" = ${metric ?? null})
      order by "trainedAt" desc, "id" limit ${VERSIONS_MAX}`;
    return rows.map((row) => ({ ...row, trainedAt: Number(row.trainedAt) }));
  }

  /** Epoch milliseconds of the last training of a metric; 0: never. */
  async lastTrainedAt(metric: string): Promise<number> {
    const [row] = await this.#db.sql<{ at: string | null }>`select max("trainedAt") as "at" from "model" where "metric" = ${metric}`;
    return Number(row?.at ?? 0);
  }

  /** Keeps the record; a version with state `active` takes the place of the one before. The file is whole before the table says so. */
  async add(version: ModelVersion, model: TrainedModel): Promise<void> {
    if (version.state === 'active') await this.#write(version.id, model);
    const replaced = await this.#db.transaction(async (db) => {
      const before =
        version.state === 'active'
          ? await db.sql<{ id: string }>`update "model" set "state" = 'replaced'
              where "metric" = ${version.metric} and "kind" = ${version.kind} and "state" = 'active' returning "id"`
          : [];
      await db.sql`insert into "model" ("id", "metric", "kind", "trainedAt", "seriesCount", "cpuSeconds", "mase", "rivalMase", "state")
        values (${version.id}, ${version.metric}, ${version.kind}, ${version.trainedAt}, ${version.seriesCount}, ${version.cpuSeconds},
          ${version.mase}, ${version.rivalMase}, ${version.state})`;
      return before;
    });
    this.#active.delete(version.metric);
    await Promise.all(replaced.map(({ id }) => rm(this.#file(id), { force: true })));
  }

  #file(id: string): string {
    return join(this.#dir, `${id}.json`);
  }

  async #write(id: string, model: TrainedModel): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    const half = `${this.#file(id)}.part`;
    await writeFile(half, JSON.stringify(model));
    await rename(half, this.#file(id));
  }

  async #read(id: string): Promise<TrainedModel | undefined> {
    try {
      const model = JSON.parse(await readFile(this.#file(id), 'utf8')) as TrainedModel;
      if (!isKnown(model)) throw new Error('the weights are of a kind that is not used any more');
      return model;
    } catch (error) {
      this.#log.warn({ err: error, model: id }, 'the weights of a model cannot be read; forecasts do without it until it is trained again');
      return undefined;
    }
  }
}
