import { afterAll, beforeAll, describe } from 'vitest';
import { FakeLibvirt } from 'node-libvirt/testing';
import { describeDriver } from './kit/contract.ts';
import { serveMemory } from './kit/memory-libvirt.ts';

describe('a fake host keeps the contract that real ones keep', () => {
  let fake: FakeLibvirt;
  beforeAll(async () => {
    fake = await FakeLibvirt.start();
    serveMemory({ answer: fake.answer.bind(fake), emitLifecycle: (msg) => fake.emit('lifecycle', { msg }) });
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  describeDriver({
    uri: () => fake.uri,
    domainXml: (name) => `<domain><name>${name}</name><memory unit='MiB'>32</memory></domain>`,
    poolXml: (name) => `<pool><name>${name}</name><target><path>/pools/${name}</path></target></pool>`,
    networkXml: (name) => `<network><name>${name}</name></network>`,
    savePath: (name) => `/saved/${name}`,
  });
});
