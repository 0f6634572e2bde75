// node rpc-storm.ts URI COUNT: makes so many lifecycle events on domains of the test driver, for others to hear.
import { connect } from 'node-libvirt';

const [uri = '', count = '0'] = process.argv.slice(2);
/** As many calls as the daemon works on at once. */
const domains = 4;
await using conn = await connect(uri);
const xml = (at: number) =>
  `<domain type='test'><name>storm-${at}</name><memory unit='MiB'>8</memory><os><type arch='i686'>hvm</type></os></domain>`;
const all = await Promise.all(Array.from({ length: domains }, (_, at) => conn.domainCreateXML(xml(at))));
// Each start was an event, and each end will be one.
const pairs = Number(count) / domains / 2 - 1;
await Promise.all(
  all.map(async (domain) => {
    for (let pair = 0; pair < pairs; pair++) {
      await domain.suspend();
      await domain.resume();
    }
    await domain.destroy();
  }),
);
