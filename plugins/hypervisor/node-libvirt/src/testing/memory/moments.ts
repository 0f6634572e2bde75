import type { Domain } from '../../generated/types-common.ts';
import type { Guest, Guests } from './guests.ts';
import { perGuest, refOf } from './guests.ts';
import { find, invalidState } from './store.ts';
import { optionalText, withElement } from './xml.ts';

/** A snapshot or a checkpoint: a moment of a domain. */
export interface Moment {
  name: string;
  parent: Moment | null;
  xml: string;
  /** The state of the domain then. */
  state: number;
}

/** As the protocol names it. */
export interface MomentRef {
  name: string;
  dom: Domain;
}

/** The moments of one domain, each after another. */
class Moments {
  readonly all = new Map<string, Moment>();
  current: Moment | null = null;
  private readonly missing: number;

  constructor(missing: number) {
    this.missing = missing;
  }

  named(name: string): Moment {
    return find(this.all.values(), this.missing, (one) => one.name === name);
  }

  /** The one before a moment, or the one that the domain of now comes from: throws libvirt's error when there is none. */
  expect(moment: Moment | null): Moment {
    return find(moment ? [moment] : [], this.missing, () => true);
  }

  add(xml: string, state: number): Moment {
    const name = optionalText(xml, 'name') ?? String(Math.floor(Date.now() / 1000));
    if (this.all.has(name)) throw invalidState(`There is a "${name}" already.`);
    this.current = { name, parent: this.current, xml: withElement(xml, 'name', `<name>${name}</name>`), state };
    this.all.set(name, this.current);
    return this.current;
  }

  /** What came after it comes after the one before it now. */
  delete(moment: Moment): void {
    this.all.delete(moment.name);
    for (const child of this.childrenOf(moment)) child.parent = moment.parent;
    if (this.current === moment) this.current = moment.parent;
  }

  childrenOf(moment: Moment): Moment[] {
    return [...this.all.values()].filter((one) => one.parent === moment);
  }
}

export const momentXml = ({ xml, parent }: Moment): string =>
  parent ? withElement(xml, 'parent', `<parent><name>${parent.name}</name></parent>`) : xml;

/** The moments of each domain, and the one that a call is about; `missing` is libvirt's error for there being none. */
export function momentsOfEach(guests: Guests, missing: number) {
  const each = perGuest(() => new Moments(missing));
  const of = (args: { dom: Domain }) => {
    const guest = guests.of(args);
    return { guest, moments: each(guest) };
  };
  return {
    of,
    at: ({ name, dom }: MomentRef) => ({ ...of({ dom }), moment: of({ dom }).moments.named(name) }),
    refTo: (guest: Guest, { name }: Moment): MomentRef => ({ name, dom: refOf(guest) }),
  };
}
