import type { ColumnType } from 'kysely';
import type { Actor, Plan, Resource, Risk, Via } from '../contract.ts';

type JsonColumn<T> = ColumnType<T, string, string>;

export interface ConfirmationTable {
  tokenHash: string;
  action: string;
  input: JsonColumn<unknown>;
  inputHash: string;
  target: JsonColumn<Resource | null>;
  risk: Risk;
  plan: JsonColumn<Plan>;
  planHash: string;
  asks: 'actor' | 'second-person';
  /** Who called; a second person must be somebody else. */
  actor: JsonColumn<Actor>;
  via: Via;
  callKey: string | null;
  expiresAt: Date;
  endedAt: Date | null;
  endedBy: string | null;
}

export interface ActionTables {
  confirmation: ConfirmationTable;
}
