import { connect } from 'node-libvirt';
import { FakeLibvirt } from 'node-libvirt/testing';

/** A fake and a connection to it, by unix or tcp. */
export async function startFake(transport: 'unix' | 'tcp' = 'unix') {
  const fake = await FakeLibvirt.start({ transport });
  const conn = await connect(fake.uri, { keepaliveIntervalMs: 0, timeoutMs: 5000 });
  return {
    fake,
    conn,
    async [Symbol.asyncDispose]() {
      await conn.close();
      await fake[Symbol.asyncDispose]();
    },
  };
}
