import { AsyncLocalStorage } from 'node:async_hooks';
import { DBOS, DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk';
import type { Log } from '../contract.ts';
import { never } from './steps.ts';

export interface DurableOptions {
  readonly databaseUrl: string;
  /** A process recovers the jobs of its own executor only. */
  readonly executor: string;
  readonly log: Log;
  run(jobId: string): Promise<void>;
}

/**
 * The durable runner: `run(jobId)` is called once per job and again after a crash, until it returns; what `record` returned is not run again.
 * Raise VERSION only when recorded steps of open jobs can no longer be replayed: jobs of another version are not recovered. To DBOS each hub has a version
 * of its own, since what is recovered goes through a queue that all hubs of a version share.
 */
const VERSION = '1';

export interface Durable {
  /** What DBOS lets this hub run bears this version. */
  readonly version: string;
  launch(): Promise<void>;
  start(jobId: string): Promise<void>;
  /** Starts again what stopped because its state could not be written (PostgreSQL was gone). */
  restart(jobId: string): Promise<void>;
  record<T>(name: string, run: () => Promise<T>): Promise<T>;
  /** Removes what was recorded of jobs that have ended. */
  forget(jobIds: readonly string[]): Promise<void>;
  shutdown(): Promise<void>;
}

export function createDurable({ databaseUrl, executor, log, run }: DurableOptions): Durable {
  const version = `${VERSION} ${executor}`;
  DBOS.setConfig({
    name: 'novacron',
    systemDatabaseUrl: databaseUrl,
    systemDatabaseSchemaName: 'dbos',
    systemDatabasePoolSize: 16,
    applicationVersion: version,
    executorID: executor,
    logger: {
      debug: (entry) => log.debug({ entry }, 'durable jobs'),
      info: (entry) => log.debug({ entry }, 'durable jobs'),
      warn: (entry) => log.warn({ entry }, 'durable jobs'),
      error: (entry) => log.error({ err: entry }, 'durable jobs'),
    },
  });
  const workflow = DBOS.registerWorkflow(run, { name: 'action' });
  // A job that a step of another one starts is a job of its own, not a part of that step.
  const outside = AsyncLocalStorage.snapshot();
  const start = async (jobId: string): Promise<void> => {
    await outside(() => DBOS.startWorkflow(workflow, { workflowID: jobId })(jobId));
  };
  return {
    version,
    launch: () => DBOS.launch(),
    start,
    async restart(jobId) {
      if ((await DBOS.getWorkflowStatus(jobId)) === null) await start(jobId);
      else await DBOS.resumeWorkflow(jobId);
    },
    record: (name, step) =>
      DBOS.runStep(step, { name }).catch((error: unknown) => {
        // Another hub has the job now: whatever follows here would be done twice.
        if (error instanceof DBOSWorkflowConflictError) return never();
        throw error;
      }),
    forget: (jobIds) => DBOS.deleteWorkflows([...jobIds]),
    shutdown: () => DBOS.shutdown({ deregister: true }),
  };
}
