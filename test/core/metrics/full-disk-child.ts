import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../../../core/contract.ts';
import { NEVER, NOW, openTest, rowsOf } from './kit.ts';

/** Started with a small limit of file size: writes until none is left, lifts the limit, writes on. Says what it saw as one JSON line. With `read` it reads after each write. */
const ROWS = 5000;
const isReading = process.argv[3] === 'read';
const metrics = await openTest(process.argv[2] ?? '');
const entities = Array.from({ length: ROWS }, (_, index) => `vm-${index}`);
const acknowledged: number[] = [];
const codes = new Set<string>();
let isLifted = false;
let goesOn = false;
for (let scrape = 1; scrape < 5000 && !goesOn; scrape++) {
  try {
    const rows = entities.map((entity) => ({ entity, values: { sent: Math.floor(Math.random() * 2 ** 50), cpuRatio: Math.random() } }));
    await metrics.write('monitoring', [{ table: 'vm', at: NOW + scrape * 1000, rows }]);
    acknowledged.push(scrape);
    if (isReading) await metrics.sql('select count(*) from vm where day > current_date', { signal: NEVER });
    goesOn = isLifted;
  } catch (error) {
    codes.add(HubError.is(error) ? error.code : String(error));
    if (!isLifted) execFileSync('/usr/bin/prlimit', ['--pid', String(process.pid), '--fsize=unlimited']);
    isLifted = true;
    await sleep(100);
  }
}
const found = new Set(
  rowsOf(await metrics.sql('select distinct epoch_ms(time) from vm', { signal: NEVER })).map(([at]) => (Number(at) - NOW) / 1000),
);
const [whole] = rowsOf(
  await metrics.sql(`select count(*) from (select time from vm group by time having count(*) <> ${ROWS})`, { signal: NEVER }),
);
await metrics.close();
const lost = acknowledged.filter((scrape) => !found.has(scrape)).length;
process.stdout.write(
  `${JSON.stringify({ codes: [...codes], acknowledged: acknowledged.length, lost, torn: whole?.[0], wroteAfter: goesOn })}\n`,
);
