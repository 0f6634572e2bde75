/**
 * Choosing without looking at what is scored: settings are chosen on some things (VMs, files, an earlier stretch), and others are scored with them.
 * Written once for all benches that choose.
 */

/** One per key, in the order of the keys' first items: each thing (a VM's days, say) is a fold of its own. */
export const foldsBy = <Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] => [...Map.groupBy(items, keyOf).values()];

/** The one of the least loss; of equals the first. The list is not empty. */
export function leastOf<Option>(options: readonly Option[], lossOf: (option: Option) => number): Option {
  const [first, ...others] = options.map((option) => ({ option, loss: lossOf(option) }));
  if (first === undefined) throw new Error('There is nothing to choose from.');
  return others.reduce((best, one) => (one.loss < best.loss ? one : best), first).option;
}

export interface CrossFitted<Choice, Result> {
  /** One per fold: what the other folds chose. */
  readonly choices: readonly Choice[];
  /** Of all items, fold by fold, each by a choice that it had no say in. */
  readonly results: readonly Result[];
}

/** Each fold is scored with what is chosen on all others. */
export function crossFit<Item, Choice, Result>(
  folds: readonly (readonly Item[])[],
  { choose, score }: { readonly choose: (items: readonly Item[]) => Choice; readonly score: (item: Item, choice: Choice) => Result },
): CrossFitted<Choice, Result> {
  const choices = folds.map((held) => choose(folds.filter((fold) => fold !== held).flat()));
  return { choices, results: folds.flatMap((fold, i) => fold.map((item) => score(item, choices[i] as Choice))) };
}

/** How often each was chosen, the most frequent first. */
export function timesChosen<Choice>(choices: readonly Choice[], nameOf: (choice: Choice) => string): Record<string, number> {
  const groups = [...Map.groupBy(choices, nameOf)].map(([name, { length }]) => [name, length] as const);
  return Object.fromEntries(groups.toSorted((a, b) => b[1] - a[1]));
}

/** Every combination of one value of each list: `{ a: [1, 2], b: [3] }` gives two. */
export function gridOf<Settings extends object>(lists: { readonly [Key in keyof Settings]: readonly Settings[Key][] }): Settings[] {
  return Object.entries(lists).reduce<Settings[]>(
    (all, [key, values]) => all.flatMap((settings) => (values as readonly unknown[]).map((value) => ({ ...settings, [key]: value }))),
    [{} as Settings],
  );
}
