import { ErrorCode } from '../../generated/constants-error.ts';
import { libvirtError } from '../incoming.ts';

/*
 * What a host in memory must know of XML is the text of single elements. They are found by their name, the first one of it, wherever it stands;
 * nothing here checks that a document is well-formed.
 */

const elementOf = (name: string): RegExp => new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`);

/** The text of the first element of that name; undefined when there is none. */
export const optionalText = (xml: string, element: string): string | undefined => elementOf(element).exec(xml)?.[1];

/** The same where it must be there; throws libvirt's error for XML that lacks something. */
export function textOf(xml: string, element: string): string {
  const text = optionalText(xml, element);
  if (text === undefined) throw libvirtError(ErrorCode.XML_DETAIL, `There is no <${element}> in the XML.`);
  return text;
}

/** The value of an attribute in the first tag of an element; undefined when there is none. */
export const attributeOf = (xml: string, element: string, attribute: string): string | undefined =>
  new RegExp(`<${element}\\s(?:[^>]*\\s)?${attribute}=["']([^"']*)["']`).exec(xml)?.[1];

/** The document with the element in place of the first one of its name, or as the first child of the root. */
export function withElement(xml: string, name: string, element: string): string {
  const old = new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>[^]*?</${name}>)`);
  if (old.test(xml)) return xml.replace(old, () => element);
  const [tag = '', inside = '', empty] = /<(\w[^>]*?)(\/?)>/.exec(xml) ?? [];
  const [root] = inside.split(/\s/);
  return xml.replace(tag, () => (empty ? `<${inside}>${element}</${root}>` : `${tag}${element}`));
}

const powers = ['', 'k', 'm', 'g', 't', 'p'];

/** How many bytes an element says, by its `unit`. */
export function bytesOf(xml: string, element: string, defaultUnit: 'bytes' | 'KiB'): bigint {
  const amount = textOf(xml, element).trim();
  const unit = attributeOf(xml, element, 'unit') ?? defaultUnit;
  const [, prefix = '', decimal = ''] = /^([kmgtp]?)(?:ib|(b)|bytes?)?$/i.exec(unit) ?? [];
  const known = prefix !== '' || /^b(ytes?)?$/i.test(unit);
  if (!known || !/^\d+$/.test(amount)) throw libvirtError(ErrorCode.XML_ERROR, `<${element}> is "${amount}" of the unit "${unit}".`);
  const thousand = decimal && prefix ? 1000n : 1024n;
  return BigInt(amount) * thousand ** BigInt(powers.indexOf(prefix.toLowerCase()));
}
