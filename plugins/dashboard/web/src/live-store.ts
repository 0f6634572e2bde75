import type { SampleBatch } from 'novacron/plugin';

/** The newest figures of one thing, and how they went. */
export interface LiveFigures {
  readonly at: number;
  readonly values: Readonly<Record<string, number | null>>;
  /** Last CPU shares, oldest first. */
  readonly cpuRatios: readonly number[];
}

const KEPT_MAX = 60;

/** Samples as they come, by entity; a component hears of its own entity only. */
export class LiveStore {
  readonly #figures = new Map<string, LiveFigures>();
  readonly #seeded = new Set<string>();
  readonly #listeners = new Map<string, Set<() => void>>();

  take(batch: SampleBatch): void {
    for (const row of batch.rows) {
      const before = this.#figures.get(row.entity);
      if (before !== undefined && before.at >= batch.at) continue;
      const values = row.values as LiveFigures['values'];
      const ratio = values['cpuRatio'];
      const cpuRatios = [...(before?.cpuRatios ?? []), ...(typeof ratio === 'number' ? [ratio] : [])].slice(-KEPT_MAX);
      this.#figures.set(row.entity, { at: batch.at, values, cpuRatios });
      for (const listener of this.#listeners.get(row.entity) ?? []) listener();
    }
  }

  /** What was before the page was opened, oldest first; counts once for each entity. */
  seed(history: ReadonlyMap<string, readonly number[]>): void {
    for (const [entity, before] of history) {
      const known = this.#figures.get(entity);
      if (known === undefined || this.#seeded.has(entity)) continue;
      this.#seeded.add(entity);
      this.#figures.set(entity, { ...known, cpuRatios: [...before, ...known.cpuRatios].slice(-KEPT_MAX) });
      for (const listener of this.#listeners.get(entity) ?? []) listener();
    }
  }

  get = (entity: string): LiveFigures | undefined => this.#figures.get(entity);

  subscribe(entity: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(entity) ?? new Set();
    this.#listeners.set(entity, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }
}
