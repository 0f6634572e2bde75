import { randomUUID } from 'node:crypto';
import { DomainEventType, DomainState } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import type { Domain } from '../../generated/types-common.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import type { Metadata } from './metadata.ts';
import { metadataIn, metadataXml } from './metadata.ts';
import { invalidState, Store } from './store.ts';
import { bytesOf, optionalText, textOf, withElement } from './xml.ts';

/** A domain of a host in memory. Its configuration and what runs are the same thing here. */
export interface Guest {
  name: string;
  readonly uuid: string;
  /** -1 when it does not run. */
  id: number;
  /** See `DomainState`. */
  state: number;
  maxMemoryKib: number;
  memoryKib: number;
  vcpus: number;
  maxVcpus: number;
  autostart: boolean;
  /** False when it is gone once it stops. */
  persistent: boolean;
  /** Whether its next start goes on from saved memory. */
  saved: boolean;
  metadata: Metadata;
  /** What it was defined by. */
  xml: string;
}

/** The domains of a host: what they are and how they change state. */
export class Guests {
  readonly all = new Store<Guest>(ErrorCode.NO_DOMAIN);
  private readonly fake: FakeLibvirt;
  private id = 0;

  constructor(fake: FakeLibvirt) {
    this.fake = fake;
  }

  /** The one that a call is about. */
  of = ({ dom }: { dom: { uuid: string } }): Guest => this.all.byUuid(dom.uuid);

  /** The same, if it runs or stands still. */
  active = (args: { dom: { uuid: string } }): Guest => {
    const guest = this.of(args);
    if (guest.id === -1) throw invalidState('The domain is not running.');
    return guest;
  };

  /** Takes in what the XML describes, or changes what is there to it. */
  define(xml: string, persistent: boolean): Guest {
    const { uuid, ...settings } = settingsIn(xml);
    const known = this.all.known(settings.name, uuid);
    if (!known) {
      const off = { id: -1, state: DomainState.SHUTOFF, autostart: false, saved: false };
      return this.all.add({ uuid: uuid ?? randomUUID(), persistent, ...off, ...settings });
    }
    if (!persistent) throw invalidState(`The domain "${known.name}" is there already.`);
    this.all.expectFree(settings.name, known.uuid);
    return Object.assign(known, settings, { persistent });
  }

  start(guest: Guest, state: number = DomainState.RUNNING): void {
    if (guest.id !== -1) throw invalidState('The domain is running already.');
    guest.id = ++this.id;
    guest.saved = false;
    this.become(guest, state, DomainEventType.STARTED);
    if (state === DomainState.PAUSED) this.announce(guest, DomainEventType.SUSPENDED);
  }

  stop(guest: Guest): void {
    guest.id = -1;
    this.become(guest, DomainState.SHUTOFF, DomainEventType.STOPPED);
    if (!guest.persistent) this.all.delete(guest);
  }

  become(guest: Guest, state: number, event: number): void {
    guest.state = state;
    this.announce(guest, event);
  }

  /** Tells who listens; see `DomainEventType`. */
  announce(guest: Guest, event: number): void {
    this.fake.emit('lifecycle', { msg: { dom: refOf(guest), event, detail: 0 } });
  }
}

/** As the protocol names it. */
export const refOf = ({ name, uuid, id }: Guest): Domain => ({ name, uuid, id });

/** Something that is kept for each guest as long as there is the guest, made when it is first asked for. */
export function perGuest<T>(make: () => T): (guest: Guest) => T {
  const all = new WeakMap<Guest, T>();
  return (guest) => {
    const value = all.get(guest) ?? make();
    all.set(guest, value);
    return value;
  };
}

export function domainXml({ xml, ...guest }: Guest): string {
  const elements: Record<string, string> = {
    metadata: metadataXml(guest.metadata),
    vcpu: `<vcpu current='${guest.vcpus}'>${guest.maxVcpus}</vcpu>`,
    currentMemory: `<currentMemory unit='KiB'>${guest.memoryKib}</currentMemory>`,
    memory: `<memory unit='KiB'>${guest.maxMemoryKib}</memory>`,
    uuid: `<uuid>${guest.uuid}</uuid>`,
    name: `<name>${guest.name}</name>`,
  };
  return Object.entries(elements).reduce((text, [name, element]) => withElement(text, name, element), xml);
}

function settingsIn(xml: string) {
  const maxMemoryKib = Number(bytesOf(xml, 'memory', 'KiB') / 1024n);
  const current = optionalText(xml, 'currentMemory');
  const maxVcpus = Number(optionalText(xml, 'vcpu') ?? 1);
  return {
    name: textOf(xml, 'name'),
    uuid: optionalText(xml, 'uuid')?.toLowerCase(),
    maxMemoryKib,
    memoryKib: current === undefined ? maxMemoryKib : Number(bytesOf(xml, 'currentMemory', 'KiB') / 1024n),
    maxVcpus,
    vcpus: maxVcpus,
    metadata: metadataIn(xml),
    xml,
  };
}
