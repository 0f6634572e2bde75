import { ErrorCode } from '../../generated/constants-error.ts';
import { libvirtError } from '../incoming.ts';

/** The one that fits; throws libvirt's error for none. */
export function find<T>(all: Iterable<T>, code: number, fits: (one: T) => boolean): T {
  for (const one of all) if (fits(one)) return one;
  throw libvirtError(code, 'There is no such thing on this host.');
}

/** Things of one kind, which have a name and a UUID. */
export class Store<T extends { name: string; uuid: string }> implements Iterable<T> {
  private readonly all = new Map<string, T>();
  private readonly missing: number;

  /** `missing` is libvirt's error for there being none. */
  constructor(missing: number) {
    this.missing = missing;
  }

  /** Takes it in; throws when another one has its name. */
  add(thing: T): T {
    this.expectFree(thing.name, thing.uuid);
    this.all.set(thing.uuid, thing);
    return thing;
  }

  /** Throws when another one than that of the UUID has the name. */
  expectFree(name: string, uuid: string): void {
    const other = [...this.all.values()].find((one) => one.name === name && one.uuid !== uuid);
    if (other) throw libvirtError(ErrorCode.OPERATION_FAILED, `"${name}" already exists with the UUID ${other.uuid}.`);
  }

  byName = (name: string): T => find(this.all.values(), this.missing, (one) => one.name === name);
  byUuid = (uuid: string): T => find(this.all.values(), this.missing, (one) => one.uuid === uuid);

  /** The one that the XML is about, if it is there already: that of its UUID, else that of its name. */
  known(name: string, uuid: string | undefined): T | undefined {
    return [...this.all.values()].find((one) => (uuid === undefined ? one.name === name : one.uuid === uuid));
  }

  delete(thing: T): void {
    this.all.delete(thing.uuid);
  }

  [Symbol.iterator](): Iterator<T> {
    return this.all.values();
  }
}

/** Throws the error that libvirt has for flags it does not know. */
export function expectFlags(flags: number, known: number): void {
  if ((flags & ~known) !== 0) throw libvirtError(ErrorCode.INVALID_ARG, `Unsupported flags (0x${(flags & ~known).toString(16)}).`);
}

export const invalidState = (message: string): Error => libvirtError(ErrorCode.OPERATION_INVALID, message);
