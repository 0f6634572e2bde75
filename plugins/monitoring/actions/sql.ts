import type { View } from 'novacron/plugin';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';
import { fieldsOf, frameFields, type OutputFields } from './frame-output.ts';

const SHOWN_MAX = 50;

const input = z.strictObject({
  sql: z
    .string()
    .min(1)
    .max(20_000)
    .meta({ title: 'SQL', description: 'select entity, max(cpuRatio) from vm where day >= current_date - 1 group by all' }),
  rowsMax: z.int().min(1).max(10_000).default(1000).meta({ title: 'Rows at most' }),
  timeoutSeconds: z.int().min(1).max(25).default(10).meta({ title: 'Seconds at most' }),
});

const output = z.strictObject({ fields: frameFields, rows: z.number(), truncated: z.boolean() });
type Output = z.output<typeof output>;

function cellText(value: OutputFields[number]['values'][number] | undefined, type: string): string {
  if (value === null || value === undefined) return '';
  return type === 'time' && typeof value === 'number' ? new Date(value).toISOString() : String(value);
}

export function showSql({ fields, rows, truncated }: Output): View {
  const shown = Array.from({ length: Math.min(rows, SHOWN_MAX) }, (_, row) =>
    fields.map((field) => cellText(field.values[row], field.type)),
  );
  const more = rows > SHOWN_MAX ? ` The first ${SHOWN_MAX} are shown.` : '';
  const cut = truncated ? ' There are more: the limit was reached.' : '';
  return {
    text: `${rows} ${rows === 1 ? 'row' : 'rows'}.${more}${cut}`,
    table: { columns: fields.map((field) => field.name), rows: shown },
  };
}

export const sqlActions = ({ action }: MonitoringTools) => ({
  'metrics.sql': action({
    title: 'Query the metrics with SQL',
    label: 'SQL',
    help: 'One SELECT of DuckDB over the tables vm, vm_disk, vm_nic and host (time, day, entity, device and the metrics). It reads samples of all tenants.',
    risk: 'read',
    input,
    output,
    positional: ['sql'],
    examples: [
      'metrics sql "select entity, max(cpuRatio) from vm where day >= current_date - 1 group by all"',
      'metrics sql "describe vm_disk"',
    ],
    show: showSql,
    async run({ services, signal }, { sql, rowsMax, timeoutSeconds }) {
      const frame = await services.metrics.sql(sql, { signal, rowsMax, timeoutMs: timeoutSeconds * 1000 });
      return { fields: fieldsOf(frame), rows: frame.fields[0]?.values.length ?? 0, truncated: frame.truncated };
    },
  }),
});
