import { defineService } from './declare.ts';
import type { Database } from './services.ts';

/** A duty while this hub has it. */
export interface Duty {
  /** Fires when another hub may have it from now on, and when `keep` is to end. */
  readonly signal: AbortSignal;
  /**
   * HubError `duty_lost` when the time is over for which this hub has it. For right before something is done: a process that was held up for long hears of it
   * by `signal` only after what was due meanwhile.
   */
  check(): void;
  /** The same within a transaction of `db`, and beyond doubt: until its end no other hub gets the duty. HubError `duty_lost`. */
  fence(db: Database): Promise<void>;
}

/** What only one of the hubs on a database is to do at a time: looking at schedules, judging rules. A hub that is alone has all duties. */
export interface Duties {
  /**
   * Does `work` whenever this hub has the duty of that name, until `signal` fires; resolves once the work has ended then. `work` ends when the signal of its duty
   * fires; one that ends or fails earlier is begun again after a while. Works of one name of a plugin are done by the same hub. A hub that stops hands over at once;
   * after a hub that died another one goes on within `hub.dutySeconds` and a third.
   */
  keep(name: string, work: (duty: Duty) => Promise<void>, signal: AbortSignal): Promise<void>;
}
export const Duties = defineService<Duties>('core.duties');
