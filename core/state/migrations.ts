import { actionMigrations } from '../actions/migrations.ts';
import { auditMigrations } from '../audit/migrations.ts';
import { dutyMigrations } from '../duties/migrations.ts';
import { eventMigrations } from '../events/migrations.ts';
import { identityMigrations } from '../identity/migrations.ts';
import { jobMigrations } from '../jobs/migrations.ts';
import type { Migration } from './migrate.ts';

/** The core's SQL in the order it is applied. New areas and new migrations come at the end. */
export const coreMigrations: readonly Migration[] = [
  ...auditMigrations,
  ...eventMigrations,
  ...identityMigrations,
  ...jobMigrations,
  ...actionMigrations,
  ...dutyMigrations,
];
