import { randomUUID } from 'node:crypto';
import { ErrorCode } from '../../generated/constants-error.ts';
import { NetworkEventLifecycleType, NetworkUpdateCommand, NetworkUpdateSection } from '../../generated/constants-network.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { chosen, networkGroups } from './choice.ts';
import { invalidState, Store } from './store.ts';
import { attributeOf, optionalText, textOf, withElement } from './xml.ts';

interface Net {
  name: string;
  readonly uuid: string;
  xml: string;
  active: boolean;
  autostart: boolean;
  /** False when it is gone once it stops. */
  persistent: boolean;
}

const refOf = ({ name, uuid }: Net) => ({ name, uuid });

/** Networks: definitions that can be started; nothing goes through them. */
export function serveNetworks(fake: FakeLibvirt): void {
  const networks = new Store<Net>(ErrorCode.NO_NETWORK);
  const of = ({ net }: { net: { uuid: string } }) => networks.byUuid(net.uuid);
  const tell = (net: Net, event: number) => fake.emit('network.lifecycle', { net: refOf(net), event, detail: 0 });
  const define = (xml: string, persistent: boolean): Net => {
    const [name, uuid] = [textOf(xml, 'name'), optionalText(xml, 'uuid')?.toLowerCase()];
    const known = networks.known(name, uuid);
    if (known) networks.expectFree(name, known.uuid);
    if (known) return Object.assign(known, { name, xml, persistent: persistent || known.persistent });
    return networks.add({ name, uuid: uuid ?? randomUUID(), xml, active: false, autostart: false, persistent });
  };
  const start = (net: Net) => {
    if (net.active) throw invalidState('The network is active already.');
    net.active = true;
    tell(net, NetworkEventLifecycleType.STARTED);
    return { net: refOf(net) };
  };
  const defined = ({ xml }: { xml: string }) => {
    const net = define(xml, true);
    tell(net, NetworkEventLifecycleType.DEFINED);
    return { net: refOf(net) };
  };
  const created = ({ xml }: { xml: string }) => start(define(xml, false));
  fake.answer(remote.networkDefineXml, defined);
  fake.answer(remote.networkDefineXmlFlags, defined);
  fake.answer(remote.networkCreateXml, created);
  fake.answer(remote.networkCreateXmlFlags, created);
  fake.answer(remote.networkCreate, (args) => void start(of(args)));
  fake.answer(remote.networkDestroy, (args) => {
    const net = of(args);
    if (!net.active) throw invalidState('The network is not active.');
    net.active = false;
    if (!net.persistent) networks.delete(net);
    tell(net, NetworkEventLifecycleType.STOPPED);
  });
  fake.answer(remote.networkUndefine, (args) => {
    const net = of(args);
    net.persistent = false;
    if (!net.active) networks.delete(net);
    tell(net, NetworkEventLifecycleType.UNDEFINED);
  });
  serveDescriptions(fake, networks);
}

function serveDescriptions(fake: FakeLibvirt, networks: Store<Net>): void {
  const of = ({ net }: { net: { uuid: string } }) => networks.byUuid(net.uuid);
  fake.answer(remote.networkLookupByName, ({ name }) => ({ net: refOf(networks.byName(name)) }));
  fake.answer(remote.networkLookupByUuid, ({ uuid }) => ({ net: refOf(networks.byUuid(uuid)) }));
  fake.answer(remote.connectListAllNetworks, ({ flags }) => {
    const nets = chosen(networks, flags, networkGroups).map(refOf);
    return { nets, ret: nets.length };
  });
  fake.answer(remote.networkIsActive, (args) => ({ active: of(args).active ? 1 : 0 }));
  fake.answer(remote.networkIsPersistent, (args) => ({ persistent: of(args).persistent ? 1 : 0 }));
  fake.answer(remote.networkSetAutostart, (args) => void (of(args).autostart = args.autostart !== 0));
  fake.answer(remote.networkGetAutostart, (args) => ({ autostart: of(args).autostart ? 1 : 0 }));
  fake.answer(remote.networkGetXmlDesc, (args) => {
    const { xml, uuid } = of(args);
    return { xml: withElement(xml, 'uuid', `<uuid>${uuid}</uuid>`) };
  });
  fake.answer(remote.networkGetBridgeName, (args) => {
    const name = attributeOf(of(args).xml, 'bridge', 'name');
    if (name === undefined) throw libvirtError(ErrorCode.INTERNAL_ERROR, 'The network has no bridge.');
    return { name };
  });
  fake.answer(remote.networkUpdate, (args) => {
    const net = of(args);
    net.xml = updated(net.xml, args);
  });
}

const { SECTION_DNS_HOST, SECTION_DNS_SRV, SECTION_DNS_TXT } = NetworkUpdateSection;

/** What is known of `virNetworkUpdate` here: entries of the DNS, at the end of all. */
function updated(network: string, { command, section, xml }: { command: number; section: number; xml: string }): string {
  const ofDns: readonly number[] = [SECTION_DNS_HOST, SECTION_DNS_SRV, SECTION_DNS_TXT];
  if (command !== NetworkUpdateCommand.ADD_LAST || !ofDns.includes(section))
    throw libvirtError(ErrorCode.NO_SUPPORT, 'A network in memory is only changed by new entries of its DNS.');
  const [, entries = ''] = /<dns>([^]*?)<\/dns>/.exec(network) ?? [];
  return withElement(network, 'dns', `<dns>${entries}${xml}</dns>`);
}
