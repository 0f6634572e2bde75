// node rpc-storm.ts URI COUNT: makes so many lifecycle events on the test driver's domain, for others to hear.
import { connect } from 'node-libvirt';

const [uri = '', count = '0'] = process.argv.slice(2);
await using conn = await connect(uri);
const domain = await conn.domainLookupByName('test');
// In order, and as quickly as the daemon takes them.
for (let pairs = Number(count) / 2; pairs > 0; pairs--) await Promise.all([domain.suspend(), domain.resume()]);
