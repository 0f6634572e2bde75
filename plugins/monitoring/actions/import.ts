import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { MonitoringTools } from '../config.ts';

const IMPORT_TIMEOUT_MS = 1_800_000;

const input = z.strictObject({
  table: z.string().min(1).max(80).meta({ title: 'Table', description: 'vm, vm.disk, vm.nic or host' }),
  file: z
    .string()
    .max(1000)
    .refine(isAbsolute, 'must be an absolute path on the hub')
    .meta({ title: 'File', description: 'Absolute path of a .csv or .parquet file on the hub' }),
  plugin: z.string().max(40).default('monitoring').meta({ title: 'Plugin', description: 'Whose table it is' }),
});

export const importActions = ({ action }: MonitoringTools) => ({
  'metrics.import': action({
    title: 'Import history of metrics',
    label: 'Import metrics',
    help: 'Columns: at (UTC instant or epoch ms), entity, device where the table has one, then metrics by name. All rows or none; rows that are there already are left alone.',
    risk: 'change',
    input,
    output: z.strictObject({ rows: z.number() }),
    positional: ['table', 'file'],
    examples: ['metrics import vm /srv/history/vm.csv'],
    timeoutMs: IMPORT_TIMEOUT_MS,
    queue: () => 'metrics.import',
    show: ({ rows }, { table }) => ({ text: `${rows} ${rows === 1 ? 'row was' : 'rows were'} imported into ${table}.` }),
    async run({ services, step }, { plugin, table, file }) {
      // Safe to run again: rows that are there are not added twice.
      return step('import', (signal) => services.metrics.importFile(plugin, table, file, signal));
    },
  }),
});
