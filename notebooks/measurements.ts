import type { Aggregate, FrameField, Unit } from 'novacron/plugin';
import { call } from './calls.ts';
import { instantOf } from './now.ts';
import { table, type Row, type Table } from './table.ts';

interface Fields {
  readonly fields: readonly FrameField[];
}

/** Columns to rows; instants become dates. */
function rowsOf({ fields }: Fields): Row[] {
  const count = fields[0]?.values.length ?? 0;
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(
      fields.map(({ name, type, values }) => {
        const value = values[index] ?? null;
        return [name, type === 'time' && typeof value === 'number' ? new Date(value) : value];
      }),
    ),
  );
}

/** A value of the template as a literal of SQL: a text can never end its quotes. */
function literal(value: unknown): string {
  if (value === null || value === undefined) return 'NULL';
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (value instanceof Date) return `TIMESTAMP '${value.toISOString().slice(0, 23).replace('T', ' ')}'`;
  if (Array.isArray(value)) return `(${value.map(literal).join(', ')})`;
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  throw new TypeError('Into SQL go texts, numbers, booleans, dates and lists of them.');
}

/** Columns of the answer, by name. */
export type SqlRow = Readonly<Record<string, string | number | boolean | Date | null>>;

/** SQL over the measurements: nova.sql`select entity, max(cpuRatio) as peak from vm where entity in ${ids} group by all`. For those who may. */
export async function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): Promise<Table<SqlRow>> {
  const text = strings.reduce((made, part, index) => made + (index === 0 ? '' : literal(values[index - 1])) + part, '');
  const answer = (await call('metrics.sql', { sql: text, rowsMax: 10_000 })) as Fields;
  return table(rowsOf(answer) as SqlRow[]);
}

export interface MetricOptions {
  /** Names or ids; absent: the first 100 that you may see. */
  readonly of?: string | readonly string[];
  /** `-7d`, `-24h`, an instant. Default `-24h`. */
  readonly from?: string | Date;
  readonly to?: string | Date;
  readonly stepSeconds?: number;
  readonly aggregate?: Aggregate;
}

export interface Measured extends Row {
  readonly time: Date;
  /** Id and name of the thing. */
  readonly entity: string;
  readonly name: string;
  readonly device?: string;
  readonly value: number;
}

/** Of one thing and, where it has parts, of one of them. */
export interface MeasuredSeries {
  /** Of the thing, and of its device. */
  readonly name: string;
  /** Id of the thing. */
  readonly entity: string;
  readonly device?: string;
  readonly at: number[];
  readonly value: number[];
}

export interface Measurements {
  readonly metric: string;
  readonly unit: Unit;
  readonly stepSeconds: number;
  readonly rows: Table<Measured>;
  /** A series a thing and device, for `lines` and other charts. */
  readonly series: readonly MeasuredSeries[];
}

/** One metric of some things over time. */
export async function metric(name: string, options: MetricOptions = {}): Promise<Measurements> {
  const { of = [], from = '-24h', to = 'now', stepSeconds, aggregate } = options;
  const answer = (await call('metrics.query', {
    metric: name,
    targets: [of].flat(),
    from: instantOf(from),
    to: instantOf(to),
    ...(stepSeconds !== undefined && { stepSeconds }),
    ...(aggregate !== undefined && { aggregate }),
  })) as Fields & { readonly stepSeconds: number };
  const rows = (rowsOf(answer) as unknown as (Measured & { value: number | null })[]).filter(({ value }) => value !== null);
  const unit = answer.fields.find((field) => field.name === 'value')?.unit ?? 'count';
  return {
    metric: name,
    unit,
    stepSeconds: answer.stepSeconds,
    rows: table(rows, { columns: columnsFor(rows, unit) }),
    series: seriesOf(rows),
  };
}

const columnsFor = (rows: readonly Measured[], unit: Unit) => [
  'time' as const,
  'name' as const,
  ...(rows[0]?.device === undefined ? [] : ['device' as const]),
  { key: 'value' as const, unit },
];

function seriesOf(rows: readonly Measured[]): Measurements['series'] {
  const series = new Map<string, MeasuredSeries>();
  for (const { time, entity, name, device, value } of rows) {
    const key = `${entity} ${device ?? ''}`;
    const named = device === undefined ? { name, entity } : { name: `${name} ${device}`, entity, device };
    const one: MeasuredSeries = series.get(key) ?? { ...named, at: [], value: [] };
    series.set(key, one);
    one.at.push(time.getTime());
    one.value.push(value);
  }
  return [...series.values()];
}
