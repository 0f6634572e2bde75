/** What goes wrong with a call. */
export type Fault =
  /** It is carried out, and the answer never comes. */
  | { kind: 'lost-answer' }
  /** The connection breaks, before it is carried out or right after, in place of the answer. */
  | { kind: 'cut'; when: 'before' | 'after' }
  /** The answer takes its time. */
  | { kind: 'late'; delayMs: number }
  /** It is carried out, and the answer is not of the procedure's type. */
  | { kind: 'garbled' };

/** The faults that wait for a call, by procedure, each for one call. */
export class Faults {
  private readonly waiting = new Map<string, Fault[]>();

  add(key: string, faults: readonly Fault[]): void {
    this.waiting.set(key, [...(this.waiting.get(key) ?? []), ...faults]);
  }

  take(key: string): Fault | undefined {
    return this.waiting.get(key)?.shift();
  }
}
