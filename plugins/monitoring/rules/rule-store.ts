import { HubError, type AlertRule, type Database } from 'novacron/plugin';

/** A rule that a person made. */
export interface StoredRule {
  readonly id: string;
  readonly tenant: string | null;
  readonly name: string;
  readonly rule: AlertRule;
  readonly createdBy: string;
  readonly createdAt: number;
}

/** A rule that somebody turned off, whoever it is from. */
export interface RuleOff {
  readonly rule: string;
  readonly by: string;
  readonly at: number;
  readonly reason: string;
}

/** Rules that people made, and which rules are off: all their SQL is here. */
export class RuleStore {
  readonly #db: Database;
  #read: { readonly mark: string; readonly rules: readonly StoredRule[]; readonly offs: readonly RuleOff[] } | null = null;

  constructor(db: Database) {
    this.#db = db;
  }

  /** The same arrays as long as nothing has changed: ten thousand rules are not read anew at every look. */
  async read(): Promise<{ readonly rules: readonly StoredRule[]; readonly offs: readonly RuleOff[] }> {
    const [found] = await this.#db.sql<{ mark: string }>`
      select concat_ws(' ', (select count(*) from "alert_rule"), (select max("createdAt") from "alert_rule"),
        (select count(*) from "alert_off"), (select max("at") from "alert_off")) as "mark"`;
    const mark = found?.mark ?? '';
    if (this.#read?.mark !== mark) this.#read = { mark, rules: await this.#rules(), offs: await this.#offs() };
    return this.#read;
  }

  async #rules(): Promise<StoredRule[]> {
    const rows = await this.#db.sql<
      Omit<StoredRule, 'createdAt'> & { createdAt: string | number }
    >`select * from "alert_rule" order by "id"`;
    return rows.map((row) => ({ ...row, createdAt: Number(row.createdAt) }));
  }

  async #offs(): Promise<RuleOff[]> {
    const rows = await this.#db.sql<Omit<RuleOff, 'at'> & { at: string | number }>`select * from "alert_off"`;
    return rows.map((row) => ({ ...row, at: Number(row.at) }));
  }

  /** The same rule again is as good. HubError `alert_name_taken` when it is another one; `replace`: then it takes the old one's place. */
  async put({ id, tenant, name, rule, createdBy, createdAt }: StoredRule, { replace }: { readonly replace: boolean }): Promise<void> {
    this.#read = null;
    const text = JSON.stringify(rule);
    const rows = await this.#db.sql`
      insert into "alert_rule" ("id", "tenant", "name", "rule", "createdBy", "createdAt")
      values (${id}, ${tenant}, ${name}, ${text}::jsonb, ${createdBy}, ${createdAt})
      on conflict ("id") do update set "rule" = excluded."rule", "createdBy" = excluded."createdBy", "createdAt" = excluded."createdAt"
      where ${replace} or "alert_rule"."rule" = excluded."rule" returning "id"`;
    if (rows.length === 0) throw nameTaken(name);
  }

  async remove(id: string): Promise<void> {
    this.#read = null;
    await this.#db.transaction(async (db) => {
      await db.sql`delete from "alert_rule" where "id" = ${id}`;
      await db.sql`delete from "alert_off" where "rule" = ${id}`;
    });
  }

  async turnOff({ rule, by, at, reason }: RuleOff): Promise<void> {
    this.#read = null;
    await this.#db.sql`
      insert into "alert_off" ("rule", "by", "at", "reason") values (${rule}, ${by}, ${at}, ${reason})
      on conflict ("rule") do update set "by" = excluded."by", "at" = excluded."at", "reason" = excluded."reason"`;
  }

  async turnOn(rule: string): Promise<void> {
    this.#read = null;
    await this.#db.sql`delete from "alert_off" where "rule" = ${rule}`;
  }
}

export const nameTaken = (name: string): HubError =>
  new HubError('alert_name_taken', `There is already a rule '${name}'. Choose another name, or change that one with --replace.`, {
    status: 409,
  });
