import { NOW, openTest } from './kit.ts';

/** Writes scrape after scrape and says after each how many are acknowledged, until it is killed. */
const metrics = await openTest(process.argv[2] ?? '');
for (let scrape = 1; ; scrape++) {
  const entities = Array.from({ length: 100 }, (_, index) => `vm-${scrape}-${index}`);
  await metrics.write('monitoring', [
    { table: 'vm', at: NOW + scrape * 1000, rows: entities.map((entity) => ({ entity, values: { cpuRatio: 0.5 } })) },
    {
      table: 'vm.disk',
      at: NOW + scrape * 1000,
      rows: entities.map((entity) => ({ entity, device: 'vda', values: { readBytes: scrape } })),
    },
  ]);
  process.stdout.write(`${scrape}\n`);
}
