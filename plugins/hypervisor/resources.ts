import type { Resource, ResourceKind } from 'novacron/plugin';
import { detailFields, matches } from './actions/read.ts';
import type { HypervisorConfig } from './config.ts';
import { vmFacts } from './facts.ts';
import { isTrashed, TRASH_PREFIX, type VmEntry } from './inventory.ts';
import { linkOf } from './host-link.ts';
import type { HostStatus } from './port.ts';
import { entryOf, runtimeOf, type HypervisorTools, type needs } from './runtime.ts';
import { hostCard, hostView, vmCard, vmView } from './views.ts';

type Kind = ResourceKind<HypervisorConfig, typeof needs>;

const vmResource = ({ id, name, tenant, tags, owner }: VmEntry): Resource => ({ kind: 'vm', id, name, tenant, tags, owner });
const hostResource = ({ id, name }: HostStatus): Resource => ({ kind: 'host', id, name, tenant: null, tags: [], owner: null });

export const vmKind = ({ resource }: HypervisorTools): Kind =>
  resource({
    title: 'VM',
    async get(ctx, idOrName, { tenant }) {
      const entry = runtimeOf(ctx).inventory.find(idOrName, tenant);
      return entry && vmResource(entry);
    },
    async search(ctx, { text, tenant, rowsMax }) {
      const trash = text.startsWith(TRASH_PREFIX);
      const wanted = trash ? text.slice(TRASH_PREFIX.length) : text;
      const visible = runtimeOf(ctx)
        .inventory.all()
        .filter((vm) => (tenant === null || vm.tenant === null || vm.tenant === tenant) && isTrashed(vm) === trash && matches(vm, wanted));
      return visible.slice(0, rowsMax).map(vmResource);
    },
    async card(ctx, resource) {
      const runtime = runtimeOf(ctx);
      const entry = entryOf(runtime, resource);
      const facts = await vmFacts(runtime, entry, ctx.signal);
      return vmCard(vmView(entry), detailFields({ ...facts, drift: entry.drift.map((difference) => ({ ...difference })) }));
    },
  });

export const hostKind = ({ resource }: HypervisorTools): Kind =>
  resource({
    title: 'Host',
    async get(ctx, idOrName) {
      const link = runtimeOf(ctx).links.get(idOrName);
      return link && hostResource(link.status);
    },
    async search(ctx, { text, rowsMax }) {
      const hosts = [...runtimeOf(ctx).links.values()].map((link) => link.status);
      return hosts
        .filter(({ name }) => name.includes(text.toLowerCase()))
        .slice(0, rowsMax)
        .map(hostResource);
    },
    async card(ctx, { id }) {
      const { links, inventory } = runtimeOf(ctx);
      return hostCard(hostView(linkOf(links, id).status, inventory.all()));
    },
  });
