export interface DutyTable {
  name: string;
  hub: string;
  holder: string;
  until: Date;
  term: number;
}

export interface DutyTables {
  duty: DutyTable;
}
