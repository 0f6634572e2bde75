import type { ColumnType, Generated } from 'kysely';
import type { Actor, JobState, Resource, Via } from '../contract.ts';

/** jsonb: read as data, written as text, so that arrays and null mean JSON and not SQL. */
type JsonColumn<T> = ColumnType<T, string, string>;

export interface JobTable {
  id: string;
  seq: Generated<string>;
  action: string;
  plugin: string;
  title: string;
  input: JsonColumn<unknown>;
  actor: JsonColumn<Actor>;
  actorId: string;
  via: Via;
  target: JsonColumn<Resource | null>;
  targetKind: string | null;
  targetId: string | null;
  tenant: string | null;
  queueKey: string | null;
  callKey: string | null;
  confirmedBy: string | null;
  state: JsonColumn<JobState>;
  stateIs: JobState['is'];
  executor: string;
  cancelledBy: string | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;
}

export interface JobTables {
  job: JobTable;
}
