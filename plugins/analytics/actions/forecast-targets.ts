import { HubError, type Actor, type Metrics, type Resource, type Resources } from 'novacron/plugin';
import { z } from 'zod';

export const targetsInput = z
  .array(z.string().min(1).max(200))
  .max(100)
  .default([])
  .meta({ title: 'Of', description: 'Names or ids; none: of all that you may see', picker: 'vm' });

/** One that could not be forecast, and why: the others are answered all the same. */
export const failureOutput = z.object({ target: z.string(), code: z.string(), message: z.string() });
export type TargetFailure = z.output<typeof failureOutput>;

/** Those that are named; else all of `kind` that this actor may see, which may be more than can be asked for. HubError `input_invalid` when more are named than may be asked for at once. */
export async function findTargets(
  resources: Resources,
  asked: { readonly kind: string; readonly targets: readonly string[]; readonly targetsMax: number },
  actor: Actor,
): Promise<readonly Resource[]> {
  const { kind, targets, targetsMax } = asked;
  if (targets.length > targetsMax) {
    const message = `At most ${targetsMax} can be forecast at once; ${targets.length} were named.`;
    throw new HubError('input_invalid', message, { status: 422 });
  }
  if (targets.length === 0) return resources.list(kind, actor);
  return Promise.all(targets.map((target) => resources.get(kind, target, actor)));
}

/** Asks for each in turn; what is said of one as a HubError does not stop the others, unless there is only that one. */
export async function forEachTarget<T extends { readonly name: string }, R>(
  targets: readonly T[],
  ask: (target: T) => Promise<R>,
): Promise<{ readonly answers: R[]; readonly failures: TargetFailure[] }> {
  const answers: R[] = [];
  const failures: TargetFailure[] = [];
  for (const target of targets) {
    try {
      answers.push(await ask(target));
    } catch (error) {
      if (!HubError.is(error) || targets.length === 1) throw error;
      failures.push({ target: target.name, code: error.code, message: error.message });
    }
  }
  return { answers, failures };
}

/** Those that were measured come before those that were not, which nothing can be said of. */
export function measuredFirst(found: readonly Resource[], metrics: Pick<Metrics, 'latest'>, table: string): readonly Resource[] {
  const measured = new Set(metrics.latest(table).map(({ entity }) => entity));
  return found.toSorted((a, b) => Number(measured.has(b.id)) - Number(measured.has(a.id)));
}

/** Said after the answer. */
export function failuresText(failures: readonly TargetFailure[]): string[] {
  const [first] = failures;
  if (first === undefined) return [];
  return [
    failures.length === 1
      ? `Not ${first.target}: ${first.message}`
      : `${failures.length} could not be forecast; ${first.target}: ${first.message}`,
  ];
}
