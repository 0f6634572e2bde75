import { join } from 'node:path';
import { openStore } from '../../../core/metrics/open.ts';
import { planTables } from '../../../core/metrics/schema.ts';
import { sealBefore } from '../../../core/metrics/sealed.ts';
import { METRICS } from './kit.ts';

/** Seals, and kills itself at the point that it is told. */
const [dataDir = '', at] = process.argv.slice(2);
const store = await openStore({ folder: join(dataDir, 'metrics'), tables: planTables([{ plugin: 'monitoring', metrics: METRICS }]) });
await sealBefore(store, '2026-01-05', (point) => {
  if (point === at) process.kill(process.pid, 'SIGKILL');
});
