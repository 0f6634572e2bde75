import {
  DomainMetadataType,
  DomainModificationImpact,
  DomainUndefineFlagsValues,
  DomainXMLFlags,
  type Connection,
  type Domain,
} from 'node-libvirt';
import { HubError } from 'novacron/plugin';
import { findDomain, isOff, stateOf } from './domains.ts';
import { parseDomain } from './domain-parse.ts';
import { toHubError } from './errors.ts';
import type { HostLink } from './host-link.ts';
import { bareMetadataElement, METADATA_NAMESPACE, METADATA_PREFIX, type VmMetadata } from './metadata.ts';
import type { VmState } from './port.ts';
import { poll } from './wait.ts';
import { renderXml } from './xml.ts';

/**
 * What is done to one domain. Each function looks at its state first and is done when that is the wanted one already: it may be called
 * again after a crash or a lost answer.
 */
export interface DomainAt {
  readonly link: HostLink;
  readonly id: string;
  readonly name: string;
}

/** Runs `work` on the domain. HubError `vm_gone` when its host does not have it. */
export const onDomain = <T>({ link, id, name }: DomainAt, work: (domain: Domain, conn: Connection) => Promise<T>): Promise<T> =>
  link.use(async (conn) => {
    const domain = await findDomain(conn, link.name, id);
    if (domain === undefined) throw new HubError('vm_gone', `Host '${link.name}' does not have '${name}' any more.`, { status: 404 });
    return work(domain, conn);
  });

export const stateWrong = (name: string, state: VmState, advice: string): HubError =>
  new HubError('vm_state_wrong', `'${name}' is ${state}. ${advice}`, { status: 409, details: { state } });

/** Starts it. A guest whose QEMU died in the start gets a second try: that is more often an accident than its definition. */
export const ensureRunning = (at: DomainAt): Promise<void> =>
  onDomain(at, async (domain) => {
    for (let attempt = 0; ; attempt++) {
      const state = await stateOf(domain);
      if (state === 'running') return;
      if (!isOff(state)) throw stateWrong(at.name, state, state === 'paused' ? 'Resume it instead.' : 'Wait until it is off.');
      try {
        await domain.create(0, { timeoutMs: START_TIMEOUT_MS });
      } catch (error) {
        if (attempt > 0 || !mayBeAccident(toHubError(at.link.name, error))) throw error;
      }
    }
  });

const START_TIMEOUT_MS = 120_000;

const mayBeAccident = (error: HubError): boolean => error.code === 'vm_state_wrong' || /monitor|unexpectedly/i.test(error.message);

/** Pulls the plug; off already is as good. */
export const ensureOff = (at: DomainAt): Promise<void> => onDomain(at, (domain) => destroy(at, domain));

async function destroy(at: DomainAt, domain: Domain): Promise<void> {
  if (isOff(await stateOf(domain))) return;
  try {
    await domain.destroy();
  } catch (error) {
    if (toHubError(at.link.name, error).code !== 'vm_state_wrong' || !isOff(await stateOf(domain))) throw error;
  }
}

const SHUTDOWN_POLL_MS = 200;
const SHUTDOWN_REPEAT_MS = 5_000;

/** Asks the guest to shut down and waits. False: it is not off when the time is over. */
export const shutDown = (at: DomainAt, { forMs, signal }: { readonly forMs: number; readonly signal: AbortSignal }): Promise<boolean> =>
  onDomain(at, async (domain) => {
    const state = await stateOf(domain);
    if (state === 'paused' || state === 'suspended') return false;
    let askedAt = -Infinity;
    const off = await poll(
      async () => {
        if (isOff(await stateOf(domain))) return true;
        // A guest that is still booting does not hear the first one.
        if (performance.now() - askedAt < SHUTDOWN_REPEAT_MS) return undefined;
        askedAt = performance.now();
        signal.throwIfAborted();
        await ignoreWrongState(at, domain.shutdown());
        return undefined;
      },
      { everyMs: SHUTDOWN_POLL_MS, forMs, signal },
    );
    return off ?? false;
  });

async function ignoreWrongState(at: DomainAt, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (toHubError(at.link.name, error).code !== 'vm_state_wrong') throw error;
  }
}

/** Shuts down for as long as it may take, then pulls the plug. */
export async function stopGently(at: DomainAt, wait: { readonly forMs: number; readonly signal: AbortSignal }): Promise<void> {
  if (wait.forMs > 0 && (await shutDown(at, wait))) return;
  // A hub that was frozen meanwhile must not pull the plug of what another one has started since.
  wait.signal.throwIfAborted();
  await ensureOff(at);
}

/** Writes the metadata into the definition, and into the running guest so that both say the same. */
export const writeMetadata = (at: DomainAt, metadata: VmMetadata): Promise<void> =>
  onDomain(at, async (domain) => {
    const change = {
      type: DomainMetadataType.ELEMENT,
      metadata: renderXml(bareMetadataElement(metadata)),
      key: METADATA_PREFIX,
      uri: METADATA_NAMESPACE,
    };
    const { AFFECT_CONFIG: CONFIG, AFFECT_LIVE: LIVE } = DomainModificationImpact;
    await domain.setMetadata({ ...change, flags: CONFIG });
    if (!isOff(await stateOf(domain))) await ignoreWrongState(at, domain.setMetadata({ ...change, flags: LIVE }));
  });

/** The metadata as its definition has it; null for a domain made by others. */
export const readMetadata = (at: DomainAt): Promise<VmMetadata | null> =>
  onDomain(at, async (domain) => parseDomain(await domain.getXMLDesc(DomainXMLFlags.INACTIVE)).metadata);

/** HubErrors `vm_unmanaged` when there is none. */
export async function metadataFor(at: DomainAt): Promise<VmMetadata> {
  const metadata = await readMetadata(at);
  if (metadata) return metadata;
  throw new HubError('vm_unmanaged', `'${at.name}' lost what the hub had noted in it. Adopt it again: vm adopt ${at.id}`, { status: 409 });
}

/** Gives the domain another name on its host, which it must not run for. HubErrors `vm_name_taken`, `vm_state_wrong`. */
export const ensureDomainName = (at: DomainAt, domainName: string): Promise<void> =>
  onDomain(at, async (domain) => {
    if (domain.name === domainName) return;
    await domain.rename(domainName);
  });

/** Removes the definition with all that libvirt keeps for it. Gone already is as good. */
export const undefine = ({ link, id }: Pick<DomainAt, 'link' | 'id'>): Promise<void> =>
  link.use(async (conn) => {
    const domain = await findDomain(conn, link.name, id);
    if (domain === undefined) return;
    const { MANAGED_SAVE, SNAPSHOTS_METADATA, NVRAM, CHECKPOINTS_METADATA } = DomainUndefineFlagsValues;
    try {
      await domain.undefine(MANAGED_SAVE | SNAPSHOTS_METADATA | NVRAM | CHECKPOINTS_METADATA);
    } catch (error) {
      if (toHubError(link.name, error).code !== 'vm_gone') throw error;
    }
  });

/** Stops and undefines; for taking back what was just made. */
export const removeDomain = ({ link, id, name }: DomainAt): Promise<void> =>
  link.use(async (conn) => {
    const domain = await findDomain(conn, link.name, id);
    if (domain) await destroy({ link, id, name }, domain);
    await undefine({ link, id });
  });
