import { connect } from 'node-libvirt';
import { parseDomain } from '../../plugins/hypervisor/domain-parse.ts';
import { vmStateOf } from '../../plugins/hypervisor/domains.ts';
import type { LibvirtHost } from '../kit/libvirt-host.ts';
import { runSql } from '../kit/postgres-server.ts';
import type { JobState } from '../../core/contract.ts';

export const VM = 'crash-vm';
const INACTIVE = 2;

/** What there is, asked of libvirt and PostgreSQL themselves. */
export interface World {
  readonly domains: readonly { readonly id: string; readonly name: string; readonly state: string; readonly trashed: boolean }[];
  readonly volumes: readonly string[];
  readonly rows: readonly { readonly id: string; readonly name: string; readonly state: string; readonly held: boolean }[];
  readonly openJobs: number;
  readonly guests: readonly string[];
}

export async function lookAtWorld(host: LibvirtHost, databaseUrl: string): Promise<World> {
  await using conn = await connect(host.uri);
  const domains = (await conn.listAllDomains()).map(async (domain) => {
    const { metadata, domainName, id } = parseDomain(await domain.getXMLDesc(INACTIVE));
    const { state, reason } = await domain.getState();
    return { id, name: domainName, state: vmStateOf(state, reason), trashed: metadata?.trash != null };
  });
  const pool = await conn.storagePoolLookupByName('novacron');
  await pool.refresh();
  const volumes = (await pool.listAllVolumes()).map(({ name }) => name).filter((name) => !name.startsWith('tiny-'));
  const rows = await runSql<World['rows'][number]>(
    databaseUrl,
    'select "id", "name", "state", "heldUntil" is not null as "held" from "plugin_hypervisor"."vm" order by "id"',
  );
  const [open] = await runSql<{ count: number }>(databaseUrl, 'select count(*)::int as count from core.job where "endedAt" is null');
  return { domains: await Promise.all(domains), volumes, rows, openJobs: open?.count ?? 0, guests: await host.guests() };
}

export type ActionName = 'vm.create' | 'vm.delete' | 'vm.restore';
type Shape = 'nothing' | 'live' | 'trashed';

/** What each action leaves when it succeeded, and when it was taken back. */
const ENDS: Readonly<Record<ActionName, { readonly done: Shape; readonly undone: Shape }>> = {
  'vm.create': { done: 'live', undone: 'nothing' },
  'vm.delete': { done: 'trashed', undone: 'live' },
  'vm.restore': { done: 'live', undone: 'trashed' },
};

/** What is wrong with the world after a job has ended so; empty: it is one of the legal states, and nothing is left over. */
export function problemsOf(
  world: World,
  { action, state, mayBeOff }: { action: ActionName; state: JobState; mayBeOff: boolean },
): string[] {
  const shape = ENDS[action][state.is === 'succeeded' ? 'done' : 'undone'];
  const problems = world.openJobs === 0 ? [] : [`${world.openJobs} jobs are still open`];
  if (shape === 'nothing') {
    const left = { domains: world.domains, volumes: world.volumes, rows: world.rows, guests: world.guests };
    return [...problems, ...Object.entries(left).flatMap(([what, list]) => (list.length === 0 ? [] : [`${list.length} ${what} left`]))];
  }
  const [domain] = world.domains;
  const [row] = world.rows;
  if (domain === undefined || row === undefined || world.domains.length !== 1 || world.rows.length !== 1)
    return [...problems, `${world.domains.length} domains and ${world.rows.length} rows instead of one of each`];
  const wantedVolumes = [`${domain.id}-console.log`, `${domain.id}-vda.qcow2`];
  const checks: readonly (readonly [boolean, string])[] = [
    [world.volumes.toSorted().join() === wantedVolumes.join(), `volumes are ${world.volumes.join(', ')}`],
    [row.id === domain.id && row.name === VM, 'the row is not that of the domain'],
    [!row.held, 'its row is still held'],
    [row.state === (shape === 'live' ? 'present' : 'trashed'), `its row is ${row.state}`],
    [domain.trashed === (shape === 'trashed'), `its note ${domain.trashed ? 'says' : 'does not say'} that it is in the trash`],
    [domain.name === (shape === 'live' ? VM : `trash-${domain.id}`), `the domain is called ${domain.name}`],
    [isStateLegal(domain.state, shape, mayBeOff), `the domain is ${domain.state}`],
    [world.guests.length === (domain.state === 'running' ? 1 : 0), `${world.guests.length} QEMU processes`],
  ];
  return [...problems, ...checks.flatMap(([ok, what]) => (ok ? [] : [what]))];
}

function isStateLegal(state: string, shape: Shape, mayBeOff: boolean): boolean {
  const off = state === 'shut-off' || state === 'crashed';
  return shape === 'trashed' ? off : state === 'running' || (mayBeOff && off);
}
