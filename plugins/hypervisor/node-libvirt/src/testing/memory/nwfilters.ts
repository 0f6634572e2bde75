import { randomUUID } from 'node:crypto';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import { Store } from './store.ts';
import { attributeOf, optionalText, withElement } from './xml.ts';

interface Filter {
  name: string;
  readonly uuid: string;
  xml: string;
}

const refOf = ({ name, uuid }: Filter) => ({ name, uuid });

/** Filters for packets. Nothing is bound to them, for there are no packets. */
export function serveNwfilters(fake: FakeLibvirt): void {
  const filters = new Store<Filter>(ErrorCode.NO_NWFILTER);
  const define = ({ xml }: { xml: string }) => {
    const name = attributeOf(xml, 'filter', 'name');
    if (name === undefined) throw libvirtError(ErrorCode.XML_ERROR, 'The filter has no name.');
    const uuid = optionalText(xml, 'uuid')?.toLowerCase();
    const known = filters.known(name, uuid);
    return { nwfilter: refOf(filters.add({ name, uuid: known?.uuid ?? uuid ?? randomUUID(), xml })) };
  };
  fake.answer(remote.nwfilterDefineXml, define);
  fake.answer(remote.nwfilterDefineXmlFlags, define);
  fake.answer(remote.nwfilterLookupByName, ({ name }) => ({ nwfilter: refOf(filters.byName(name)) }));
  fake.answer(remote.nwfilterLookupByUuid, ({ uuid }) => ({ nwfilter: refOf(filters.byUuid(uuid)) }));
  fake.answer(remote.connectListAllNwfilters, () => {
    const all = [...filters].map(refOf);
    return { filters: all, ret: all.length };
  });
  fake.answer(remote.connectListAllNwfilterBindings, () => ({ bindings: [], ret: 0 }));
  fake.answer(remote.nwfilterGetXmlDesc, ({ nwfilter }) => {
    const { xml, uuid } = filters.byUuid(nwfilter.uuid);
    return { xml: withElement(xml, 'uuid', `<uuid>${uuid}</uuid>`) };
  });
  fake.answer(remote.nwfilterUndefine, ({ nwfilter }) => filters.delete(filters.byUuid(nwfilter.uuid)));
}
