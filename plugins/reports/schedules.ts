import { setTimeout as sleep } from 'node:timers/promises';
import { Cron } from 'croner';
import { HubError, type Actor, type Duty } from 'novacron/plugin';
import type { Runtime } from './runtime.ts';
import type { Schedule } from './store.ts';

const invalid = (message: string): HubError => new HubError('report_schedule_invalid', message, { status: 422 });

type When = Pick<Schedule, 'cron' | 'timeZone'>;

/** Five fields: a report is no clockwork, and a sixth would be seconds. */
function read<T>({ cron, timeZone }: When, use: (parsed: Cron) => T): T {
  if (!isTimeZone(timeZone)) throw invalid(`There is no time zone '${timeZone}'. Name one as in Europe/Berlin or UTC.`);
  try {
    return use(new Cron(cron, { timezone: timeZone, paused: true, mode: '5-part' }));
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Cron\w+: /u, '') : String(error);
    throw invalid(`'${cron}' is no schedule: ${reason} Write five fields, as in '0 7 * * 1-5' for seven o'clock on working days.`);
  }
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The first instant of a schedule after another; null when there is none any more. HubError `report_schedule_invalid`. */
export const nextAfter = (schedule: When, at: number): number | null =>
  read(schedule, (cron) => cron.nextRun(new Date(at))?.getTime() ?? null);

/** The newest instant that has come since the last one that was answered; null when none has. Of several that were missed one is answered. */
export function dueAt(schedule: Schedule, now: number): number | null {
  // Of those before the second that comes next: one that is now counts, one that is still to come does not.
  const nextSecond = new Date((Math.floor(now / 1000) + 1) * 1000);
  const last = read(schedule, (cron) => cron.previousRuns(1, nextSecond)[0]?.getTime() ?? null);
  return last !== null && last > schedule.lastDueAt ? last : null;
}

/** The person whose schedule it is, with no more rights than when it was made; HubError when that person may not any more. */
async function actorOf({ services }: Runtime, { userId, userName, scopes }: Schedule): Promise<Actor> {
  const actor = await services.users.byId(userId);
  if (actor === undefined)
    throw new HubError(
      'report_schedule_owner',
      `The user '${userName}', whose schedule this is, cannot sign in any more. Somebody else must make it anew.`,
      {
        status: 403,
      },
    );
  return scopes === null ? actor : { ...actor, scopes };
}

/** Runs what is due. The key makes it one run an instant, also when several hubs look at the same time, or one dies in between. */
export async function runDue(runtime: Runtime): Promise<void> {
  const now = runtime.clock.now();
  for (const schedule of await runtime.store.schedules(null)) {
    const { id, report, parameters, audience } = schedule;
    let due: number | null = now;
    try {
      due = dueAt(schedule, now);
      if (due === null) continue;
      const actor = await actorOf(runtime, schedule);
      const input = {
        report,
        with: Object.entries(parameters).map(([name, value]) => `${name}=${value}`),
        ...(audience !== null && { audience }),
      };
      const outcome = await runtime.services.actions.execute('report.run', input, { actor, via: 'schedule', key: `${id}@${due}` });
      await runtime.store.answered(id, due, { job: outcome.is === 'accepted' ? outcome.job.id : null, error: null });
    } catch (error) {
      if (HubError.is(error) && error.retryable) continue;
      const message = error instanceof Error ? error.message : String(error);
      runtime.log.warn({ err: error, schedule: id, report }, 'a report could not be run as scheduled');
      await runtime.store.answered(id, due ?? now, { job: null, error: message });
    }
  }
}

const LOOK_MS = 5000;

/** Looks at the schedules as long as that is this hub's duty. */
export async function keepSchedules(runtime: Runtime, { signal, check }: Duty): Promise<void> {
  while (!signal.aborted) {
    check();
    await runDue(runtime).catch((error: unknown) => runtime.log.error({ err: error }, 'the schedules of reports were not looked at'));
    await sleep(LOOK_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}
