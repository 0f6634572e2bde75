import type { ActionTables } from '../actions/tables.ts';
import type { AuditTables } from '../audit/tables.ts';
import type { DutyTables } from '../duties/tables.ts';
import type { EventTables } from '../events/tables.ts';
import type { IdentityTables } from '../identity/tables.ts';
import type { JobTables } from '../jobs/tables.ts';

/** All tables of the schema `core`; each area keeps its own next to its code. */
export interface CoreTables extends ActionTables, AuditTables, DutyTables, EventTables, IdentityTables, JobTables {}
