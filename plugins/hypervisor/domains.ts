import { DomainShutoffReason, DomainState, DomainXMLFlags, type Connection, type Domain } from 'node-libvirt';
import { orMissing } from './errors.ts';
import { parseDomain, type ParsedDomain } from './domain-parse.ts';
import type { VmState } from './port.ts';

/** A domain as its host shows it now. */
export interface SeenDomain {
  readonly parsed: ParsedDomain;
  readonly state: VmState;
  /** libvirt's number of this run; -1 when it does not run. */
  readonly runId: number;
}

/** The state of a domain in our words. */
export function vmStateOf(state: number, reason: number): VmState {
  switch (state) {
    case DomainState.RUNNING:
    case DomainState.BLOCKED:
      return 'running';
    case DomainState.PAUSED:
      return 'paused';
    case DomainState.SHUTDOWN:
      return 'shutting-down';
    case DomainState.SHUTOFF:
      return reason === DomainShutoffReason.CRASHED ? 'crashed' : 'shut-off';
    case DomainState.CRASHED:
      return 'crashed';
    case DomainState.PMSUSPENDED:
      return 'suspended';
    default:
      return 'unknown';
  }
}

/** No process of it runs. */
export const isOff = (state: VmState): boolean => state === 'shut-off' || state === 'crashed';

/** Undefined when the host has no such domain. */
export const findDomain = (conn: Connection, host: string, id: string): Promise<Domain | undefined> =>
  orMissing(host, conn.domainLookupByUUID(id));

export async function stateOf(domain: Domain): Promise<VmState> {
  const { state, reason } = await domain.getState();
  return vmStateOf(state, reason);
}

/** Parsing is what costs: a definition that did not change is not parsed again. */
export class DomainReader {
  readonly #parsed = new Map<string, { readonly xml: string; readonly parsed: ParsedDomain }>();

  /** Undefined when it is gone by now. */
  async read(host: string, domain: Domain): Promise<SeenDomain | undefined> {
    const seen = await orMissing(
      host,
      // The definition that counts is the one for the next start: changes made on the running guest alone are gone then.
      Promise.all([domain.getXMLDesc(DomainXMLFlags.INACTIVE), domain.getState()]),
    );
    if (seen === undefined) {
      this.forget(domain.uuid);
      return undefined;
    }
    const [xml, { state, reason }] = seen;
    return { parsed: this.#parse(domain.uuid, xml), state: vmStateOf(state, reason), runId: domain.id };
  }

  forget(id: string): void {
    this.#parsed.delete(id);
  }

  #parse(id: string, xml: string): ParsedDomain {
    const known = this.#parsed.get(id);
    if (known?.xml === xml) return known.parsed;
    const parsed = parseDomain(xml);
    this.#parsed.set(id, { xml, parsed });
    return parsed;
  }
}
