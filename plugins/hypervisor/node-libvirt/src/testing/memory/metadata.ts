import { DomainMetadataType } from '../../generated/constants-domain.ts';
import { ErrorCode } from '../../generated/constants-error.ts';
import { remoteProcedures as remote } from '../../generated/procedures-remote.ts';
import type { FakeLibvirt } from '../fake-libvirt.ts';
import { libvirtError } from '../incoming.ts';
import type { Guests } from './guests.ts';

/** What programs keep with a domain: by namespace an element, which has no prefix here, and the prefix it has in the domain's XML. */
export type Metadata = Map<string, { prefix: string; element: string }>;

/** What a new definition brings with it. */
export function metadataIn(xml: string): Metadata {
  const all: Metadata = new Map();
  const [, inside = ''] = /<metadata>([^]*?)<\/metadata>/.exec(xml) ?? [];
  const elements = inside.matchAll(/<([\w-]+):([\w-]+)\b([^>]*?)\sxmlns:\1=(["'])([^"']+)\4([^>]*?)(\/>|>[^]*?<\/\1:\2>)/g);
  for (const [, prefix = '', name = '', before = '', , uri = '', after = '', rest = ''] of elements) {
    const end = rest === '/>' ? rest : rest.replace(/<\/[^<]*>$/, `</${name}>`);
    all.set(uri, { prefix, element: `<${name}${before}${after}${end}` });
  }
  return all;
}

export function metadataXml(metadata: Metadata): string {
  const elements = [...metadata].map(([uri, { prefix, element }]) =>
    element
      .replace(/^<([\w-]+)/, (_, name: string) => `<${prefix}:${name} xmlns:${prefix}="${uri}"`)
      .replace(/<\/([\w-]+)>\s*$/, (_, name: string) => `</${prefix}:${name}>`),
  );
  return `<metadata>${elements.join('')}</metadata>`;
}

/** Elements in namespaces of one's own; titles and descriptions are not supported. */
export function serveMetadata(fake: FakeLibvirt, guests: Guests): void {
  const expectElement = (type: number) => {
    if (type !== DomainMetadataType.ELEMENT)
      throw libvirtError(ErrorCode.NO_SUPPORT, 'A domain in memory has no title and no description.');
  };
  fake.answer(remote.domainSetMetadata, ({ type, metadata, key, uri, ...args }) => {
    expectElement(type);
    const all = guests.of(args).metadata;
    if (metadata === null) all.delete(uri ?? '');
    else if (key === null || uri === null) throw libvirtError(ErrorCode.INVALID_ARG, 'An element needs a prefix and a namespace.');
    else all.set(uri, { prefix: key, element: metadata });
    fake.emit('metadataChange', { dom: args.dom, type, nsuri: uri });
  });
  fake.answer(remote.domainGetMetadata, ({ type, uri, ...args }) => {
    expectElement(type);
    const found = guests.of(args).metadata.get(uri ?? '');
    if (!found) throw libvirtError(ErrorCode.NO_DOMAIN_METADATA, 'The domain has no such metadata.');
    return { metadata: found.element };
  });
}
