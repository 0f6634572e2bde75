// node rpc-replay.ts URI: asks a daemon once for the statistics of all its domains and serves that answer, at once and as often as it is asked,
// on the socket whose URI it prints, until its input ends.
import { once } from 'node:events';
import { connect, remoteProcedures as remote } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';

const conn = await connect(process.argv[2] ?? '');
const answer = await conn.call(remote.connectGetAllDomainStats, { doms: [], stats: 0, flags: 0 });
await conn.close();
await using fake = await FakeLibvirt.start();
fake.answer(remote.connectGetAllDomainStats, () => answer);
console.log(fake.uri);
await once(process.stdin.resume(), 'end');
