import { z } from 'zod';
import { HubError } from 'novacron/plugin';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_RULE = 'must be 1 to 63 of a-z, 0-9 and -, and neither begin nor end with -';
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The name of a VM or tenant: a DNS label, so that it needs no escaping anywhere. */
export const vmName = z.string().regex(LABEL, `The name ${LABEL_RULE}.`);
export const tenantName = z.string().regex(LABEL, `The tenant ${LABEL_RULE}.`);
export const tag = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._:=-]{0,62}$/, 'A tag must be 1 to 63 of letters, digits and . _ : = -');

/** Names a VM: id, name, or `tenant/name` (admins). */
export const vmRef = z.string().min(1).max(130).meta({ title: 'VM', description: 'Name or id of the VM', picker: 'vm' });

const DEFAULT_TENANT = 'default';

/** The domain's name on its host: the bare name in tenant `default`, else `name.tenant`; a label has no dot, so two VMs never share one. */
export function domainNameOf(tenant: string, name: string): string {
  if (!LABEL.test(tenant) || !LABEL.test(name)) throw new HubError('vm_name', `'${tenant}/${name}' ${LABEL_RULE}.`, { status: 400 });
  return tenant === DEFAULT_TENANT ? name : `${name}.${tenant}`;
}

/** What a domain in the trash is called: its own name is free again. */
export const trashNameOf = (id: string): string => `trash-${id}`;

/** Volumes of a VM begin with its id: whose they are needs no table. */
export const volumePrefixOf = (id: string): string => `${id}-`;
export const diskVolumeOf = (id: string, device: string): string => `${volumePrefixOf(id)}${device}.qcow2`;
export const consoleVolumeOf = (id: string): string => `${volumePrefixOf(id)}console.log`;

/** True for a volume that belongs to some VM: nobody's image. */
export const isVmVolume = (volume: string): boolean => UUID.test(volume.slice(0, 36)) && volume[36] === '-';
