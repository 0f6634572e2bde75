import type { ColumnType } from 'kysely';

export interface EventTable {
  cursor: number;
  at: number;
  type: string;
  tenant: string | null;
  data: ColumnType<unknown, string, string>;
}

export interface EventTables {
  event: EventTable;
}
