import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { expectFlags, find } from './store.ts';

const devices = [
  { name: 'computer', parent: null, capability: 'system' },
  { name: 'net_eth0_52_54_00_00_00_01', parent: 'computer', capability: 'net' },
];
const interfaces = [
  { name: 'lo', mac: '00:00:00:00:00:00' },
  { name: 'eth0', mac: '52:54:00:00:00:01' },
];

/** The host's own devices and interfaces: always the same, and always up. */
export function serveDevices(fake: FakeLibvirt): void {
  const of = ({ name }: { name: string }) => find(devices, ErrorCode.NO_NODE_DEVICE, (one) => one.name === name);
  fake.answer(remote.connectListAllNodeDevices, ({ flags }) => {
    expectFlags(flags, 0);
    return { devices: devices.map(({ name }) => ({ name })), ret: devices.length };
  });
  fake.answer(remote.nodeDeviceLookupByName, (args) => ({ dev: { name: of(args).name } }));
  fake.answer(remote.nodeDeviceGetParent, (args) => ({ parentName: of(args).parent }));
  fake.answer(remote.nodeDeviceNumOfCaps, (args) => ({ num: of(args) ? 1 : 0 }));
  fake.answer(remote.nodeDeviceListCaps, (args) => ({ names: [of(args).capability].slice(0, args.maxnames) }));
  fake.answer(remote.nodeDeviceGetXmlDesc, (args) => {
    const { name, parent, capability } = of(args);
    const above = parent ? `<parent>${parent}</parent>` : '';
    return { xml: `<device><name>${name}</name>${above}<capability type='${capability}'/></device>` };
  });
  serveInterfaces(fake);
}

function serveInterfaces(fake: FakeLibvirt): void {
  const named = (name: string) => find(interfaces, ErrorCode.NO_INTERFACE, (one) => one.name === name);
  fake.answer(remote.connectListAllInterfaces, ({ flags }) => {
    expectFlags(flags, 0);
    return { ifaces: interfaces, ret: interfaces.length };
  });
  fake.answer(remote.interfaceLookupByName, ({ name }) => ({ iface: named(name) }));
  fake.answer(remote.interfaceLookupByMacString, ({ mac }) => ({
    iface: find(interfaces, ErrorCode.NO_INTERFACE, (one) => one.mac === mac.toLowerCase()),
  }));
  fake.answer(remote.interfaceIsActive, ({ iface }) => ({ active: named(iface.name) ? 1 : 0 }));
  fake.answer(remote.interfaceGetXmlDesc, ({ iface }) => {
    const { name, mac } = named(iface.name);
    return { xml: `<interface type='ethernet' name='${name}'><mac address='${mac}'/></interface>` };
  });
}
