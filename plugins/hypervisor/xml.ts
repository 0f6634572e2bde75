import { XMLParser } from 'fast-xml-parser';
import { HubError } from 'novacron/plugin';

/** One element. Text and attribute values are plain: escaping is the business of `renderXml` alone. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlNode[];
}

export type XmlNode = XmlElement | string;

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*(:[A-Za-z_][A-Za-z0-9_.-]*)?$/;
// XML 1.0 has no way to write these, not even as a reference.
// oxlint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/;
const XML_BYTES_MAX = 4 * 1024 * 1024;

/** An element; attributes that are undefined and children that are undefined are left out. */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>> = {},
  children: readonly (XmlNode | undefined)[] = [],
): XmlElement {
  const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
  return {
    name,
    attributes: Object.fromEntries(given.map(([key, value]) => [key, String(value)])),
    children: children.filter((child) => child !== undefined),
  };
}

/** The only place where text becomes XML. HubError `xml_text` for what XML cannot hold. */
export function renderXml({ name, attributes, children }: XmlElement): string {
  const head = Object.entries(attributes).map(([key, value]) => ` ${nameOf(key)}="${escape(value)}"`);
  const body = children.map((child) => (typeof child === 'string' ? escape(child) : renderXml(child)));
  return `<${nameOf(name)}${head.join('')}${body.length === 0 ? '/>' : `>${body.join('')}</${name}>`}`;
}

function nameOf(name: string): string {
  if (!NAME.test(name)) throw new HubError('xml_name', `'${name.slice(0, 40)}' cannot be the name of an XML element or attribute.`);
  return name;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

function escape(text: string): string {
  if (NOT_XML.test(text) || !text.isWellFormed()) {
    const message = `The text ${JSON.stringify(text.slice(0, 40))} has a character that XML cannot hold. Leave it out.`;
    throw new HubError('xml_text', message, { status: 400 });
  }
  return text.replace(/[&<>"'\n\r\t]/g, (character) => ESCAPES[character] ?? character);
}

const ATTRIBUTES = ':@';
const TEXT = '#text';
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  // Entities are decoded below: the five of XML and numbers, nothing that a document could define itself.
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
});

type Ordered = Readonly<Record<string, unknown>>;

/** Parses what a host sends. Document types are refused, so nothing is ever expanded. HubError `xml_unreadable`. */
export function parseXml(text: string): XmlElement {
  const unreadable = (why: string, cause?: unknown): HubError =>
    new HubError('xml_unreadable', `The host sent XML that cannot be read: ${why}.`, { status: 502, cause });
  if (text.length > XML_BYTES_MAX) throw unreadable(`it is longer than ${XML_BYTES_MAX} characters`);
  if (/<!(DOCTYPE|ENTITY)/i.test(text)) throw unreadable('it declares a document type');
  let nodes: readonly Ordered[];
  try {
    nodes = parser.parse(text) as readonly Ordered[];
  } catch (error) {
    throw unreadable('it is not well formed', error);
  }
  const root = nodes.map(toNode).find((node) => typeof node !== 'string');
  if (root === undefined) throw unreadable('it has no element');
  return root;
}

function toNode(ordered: Ordered): XmlNode {
  if (TEXT in ordered) return decode(String(ordered[TEXT]));
  const name = Object.keys(ordered).find((key) => key !== ATTRIBUTES) ?? '';
  const attributes = (ordered[ATTRIBUTES] ?? {}) as Readonly<Record<string, unknown>>;
  return {
    name,
    attributes: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, decode(String(value))])),
    children: (ordered[name] as readonly Ordered[]).map(toNode),
  };
}

const ENTITIES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" };

const decode = (text: string): string =>
  text.replace(/&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);/g, (reference) => {
    if (!reference.startsWith('&#')) return ENTITIES[reference] ?? reference;
    const code = Number(`${reference.startsWith('&#x') ? '0x' : ''}${reference.replace(/^&#x?|;$/g, '')}`);
    return code <= 0x10_ffff ? String.fromCodePoint(code) : reference;
  });

/** Child elements of that name. */
export const childrenOf = (parent: XmlElement | undefined, name: string): readonly XmlElement[] =>
  (parent?.children ?? []).filter((child): child is XmlElement => typeof child !== 'string' && child.name === name);

/** The first element at the path of names. */
export function find(parent: XmlElement | undefined, ...path: readonly string[]): XmlElement | undefined {
  let at = parent;
  for (const name of path) at = childrenOf(at, name)[0];
  return at;
}

/** Text directly inside; empty when there is none. */
export const textOf = (node: XmlElement | undefined): string =>
  (node?.children ?? [])
    .filter((child) => typeof child === 'string')
    .join('')
    .trim();

/** The value of an attribute of the first element at the path. */
export const attributeOf = (parent: XmlElement | undefined, attribute: string, ...path: readonly string[]): string | undefined =>
  find(parent, ...path)?.attributes[attribute];
