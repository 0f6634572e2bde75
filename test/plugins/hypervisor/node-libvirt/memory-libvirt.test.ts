import { afterAll, beforeAll, describe } from 'vitest';
import { FakeLibvirt, serveMemory } from 'node-libvirt/testing';
import { describeGuarded } from './kit/contract-guarded.ts';
import { describeObjects } from './kit/contract-objects.ts';
import type { Driver } from './kit/contract.ts';
import { describeDriver, describeTransfers, describeUnsupported } from './kit/contract.ts';

describe('a fake host keeps the contract that real ones keep', () => {
  let fake: FakeLibvirt;
  beforeAll(async () => {
    fake = await FakeLibvirt.start();
    serveMemory(fake);
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  const driver: Driver = {
    uri: () => fake.uri,
    domainXml: (name) => `<domain><name>${name}</name><memory unit='MiB'>32</memory></domain>`,
    poolXml: (name) => `<pool><name>${name}</name><target><path>/pools/${name}</path></target></pool>`,
    networkXml: (name) => `<network><name>${name}</name></network>`,
    savePath: (name) => `/saved/${name}`,
  };
  describeDriver(driver);
  describeObjects(driver);
  describeGuarded(driver);
  describeTransfers(driver);
  describeUnsupported(driver);
});
