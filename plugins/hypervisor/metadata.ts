import { attributeOf, element, find, textOf, type XmlElement } from './xml.ts';

/** Also the identity of the format: a change that old hubs cannot read gets a new one. */
export const METADATA_NAMESPACE = 'https://novacron.dev/xmlns/1';
export const METADATA_PREFIX = 'nova';

/** A VM in the trash. */
export interface Trash {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Started again when it is restored. */
  readonly wasRunning: boolean;
  /** Job that put it there. */
  readonly job: string;
}

/** What the hub must know of a VM, kept with the machine itself: a hub with an empty database reads it back. */
export interface VmMetadata {
  readonly id: string;
  readonly name: string;
  readonly tenant: string;
  readonly owner: string | null;
  readonly image: string | null;
  readonly tags: readonly string[];
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly trash: Trash | null;
}

/** The element inside `<metadata>`, with its namespace declared on itself. */
export function metadataElement(metadata: VmMetadata): XmlElement {
  const { id, name, tenant, owner, image, tags, createdAt, trash } = metadata;
  const prefixed = (local: string): string => `${METADATA_PREFIX}:${local}`;
  const attributes = {
    [`xmlns:${METADATA_PREFIX}`]: METADATA_NAMESPACE,
    id,
    name,
    tenant,
    owner: owner ?? undefined,
    image: image ?? undefined,
    createdAt: new Date(createdAt).toISOString(),
  };
  const trashed =
    trash && element(prefixed('trash'), { at: new Date(trash.at).toISOString(), wasRunning: String(trash.wasRunning), job: trash.job });
  return element(prefixed('vm'), attributes, [...tags.map((tag) => element(prefixed('tag'), { name: tag })), trashed ?? undefined]);
}

/** The same element as libvirt's `setMetadata` wants it: without prefix, since libvirt puts the namespace in. */
export function bareMetadataElement(metadata: VmMetadata): XmlElement {
  const strip = (node: XmlElement): XmlElement => ({
    name: localName(node.name),
    attributes: Object.fromEntries(Object.entries(node.attributes).filter(([key]) => !key.startsWith('xmlns:'))),
    children: node.children.map((child) => (typeof child === 'string' ? child : strip(child))),
  });
  return strip(metadataElement(metadata));
}

/** Reads the metadata of a domain. `null`: none, or not for this domain (a copy made by hand keeps the text of the original). */
export function metadataOf(domain: XmlElement): VmMetadata | null {
  const mine = find(domain, 'metadata')?.children.find(
    (child): child is XmlElement =>
      typeof child !== 'string' && localName(child.name) === 'vm' && namespaceOf(child) === METADATA_NAMESPACE,
  );
  if (mine === undefined) return null;
  const { id, name, tenant, owner, image, createdAt } = mine.attributes;
  if (id === undefined || id !== textOf(find(domain, 'uuid')) || !name || !tenant) return null;
  return {
    id,
    name,
    tenant,
    owner: owner ?? null,
    image: image ?? null,
    tags: inside(mine, 'tag').flatMap((tag) => tag.attributes['name'] ?? []),
    createdAt: instant(createdAt),
    trash: trashOf(inside(mine, 'trash')[0]),
  };
}

const trashOf = (node: XmlElement | undefined): Trash | null =>
  node
    ? { at: instant(node.attributes['at']), wasRunning: node.attributes['wasRunning'] === 'true', job: node.attributes['job'] ?? '' }
    : null;

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function namespaceOf(node: XmlElement): string | undefined {
  const prefix = node.name.includes(':') ? node.name.slice(0, node.name.indexOf(':')) : '';
  return attributeOf(node, prefix ? `xmlns:${prefix}` : 'xmlns');
}

const inside = (parent: XmlElement, local: string): readonly XmlElement[] =>
  parent.children
    .filter((child): child is XmlElement => typeof child !== 'string')
    .flatMap((child) => (localName(child.name) === local ? [child] : []));

function instant(text: string | undefined): number {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? 0 : at;
}
