import { expect, test } from 'vitest';
import { connect, ErrorCode, SecretEventLifecycleType } from 'node-libvirt';
import type { Driver } from './contract.ts';
import { codeOf } from './contract.ts';

/** Only for drivers that keep secrets and filters for packets: libvirt's own test driver has neither. */
export function describeGuarded(driver: Pick<Driver, 'uri'>): void {
  test('secrets are kept, told to who may know them, and heard', async () => {
    await using conn = await connect(driver.uri());
    await using life = conn.secretEvents('lifecycle');
    await using values = conn.secretEvents('valueChanged');
    await Promise.all([life.ready, values.ready]);
    const secret = await conn.secretDefineXML(`<secret><usage type='ceph'><name>heard</name></usage></secret>`);
    await secret.setValue(Buffer.from('a value'));
    expect(Buffer.from(await secret.getValue()).toString()).toBe('a value');
    expect((await conn.secretLookupByUsage(secret.usageType, 'heard')).uuid).toBe(secret.uuid);
    const hidden = await conn.secretDefineXML(`<secret private='yes'><usage type='ceph'><name>hidden</name></usage></secret>`);
    await hidden.setValue(Buffer.from('another'));
    expect(await codeOf(hidden.getValue())).toBe(ErrorCode.INVALID_SECRET);
    await secret.undefine();
    await hidden.undefine();
    const heard: unknown[] = [];
    for await (const one of life) {
      if (one.kind === 'event') heard.push([one.message.secret.usageID, one.message.event]);
      if (heard.length === 4) break;
    }
    expect(heard).toEqual([
      ['heard', SecretEventLifecycleType.DEFINED],
      ['hidden', SecretEventLifecycleType.DEFINED],
      ['heard', SecretEventLifecycleType.UNDEFINED],
      ['hidden', SecretEventLifecycleType.UNDEFINED],
    ]);
    for await (const one of values) {
      expect(one).toMatchObject({ message: { secret: { usageID: 'heard' } } });
      break;
    }
    expect(await codeOf(conn.secretLookupByUUID(secret.uuid))).toBe(ErrorCode.NO_SECRET);
  });

  test('a filter for packets is defined, found and forgotten', async () => {
    await using conn = await connect(driver.uri());
    const filter = await conn.nwfilterDefineXML(`<filter name='contract'><rule action='drop' direction='out'><arp/></rule></filter>`);
    expect((await conn.nwfilterLookupByName('contract')).uuid).toBe(filter.uuid);
    expect(await filter.getXMLDesc()).toContain('<arp');
    expect(await conn.listAllNWFilterBindings()).toEqual([]);
    await filter.undefine();
    expect(await codeOf(conn.nwfilterLookupByUUID(filter.uuid))).toBe(ErrorCode.NO_NWFILTER);
  });
}
