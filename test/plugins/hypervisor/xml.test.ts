import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { attributeOf, childrenOf, element, find, parseXml, renderXml, textOf, type XmlElement } from '../../../plugins/hypervisor/xml.ts';
import { codeOf } from '../../kit/collect.ts';

const isXml = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex
  text.isWellFormed() && !/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text);
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '</name><evil/>',
    '"/><x y="',
    "' onload='",
    '<!--',
    ']]>',
    '<![CDATA[',
    '&amp;',
    '&lt;x',
    '&#60;',
    '../../etc/passwd',
    '\r\n\t',
  ),
  fc.constant('x'.repeat(1000)),
);

test('what XML cannot hold is refused, in text and in attributes', async () => {
  for (const text of ['\u0000', 'a\u0007b', '\ud800', '\uffff']) {
    expect(await codeOf(Promise.resolve().then(() => renderXml(element('a', {}, [text]))))).toBe('xml_text');
    expect(await codeOf(Promise.resolve().then(() => renderXml(element('a', { b: text }))))).toBe('xml_text');
  }
});

test('a name that would open another element is refused', async () => {
  expect(await codeOf(Promise.resolve().then(() => renderXml(element('a><b'))))).toBe('xml_name');
  expect(await codeOf(Promise.resolve().then(() => renderXml(element('a', { 'x="1" y': '2' }))))).toBe('xml_name');
});

test('a document type is refused, so that no entity is ever expanded', async () => {
  const bomb = '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>';
  expect(await codeOf(Promise.resolve().then(() => parseXml(bomb)))).toBe('xml_unreadable');
  expect(await codeOf(Promise.resolve().then(() => parseXml('no xml at all')))).toBe('xml_unreadable');
});

test('an entity that XML does not define stays as it is written', () => {
  expect(textOf(parseXml('<a>&unknown; &lt;&#65;&#x42;</a>'))).toBe('&unknown; <AB');
});

test('whatever text goes in comes out again, and never becomes an element or an attribute', () => {
  fc.assert(
    fc.property(hostile, hostile, (text, value) => {
      fc.pre(isXml(text) && isXml(value));
      const parsed = parseXml(renderXml(element('root', { value }, [element('inner', {}, [text]), element('after')])));
      expect(Object.keys(parsed.attributes)).toEqual(['value']);
      expect(parsed.attributes['value']).toBe(value);
      expect(parsed.children.map((child) => (child as XmlElement).name)).toEqual(['inner', 'after']);
      expect(find(parsed, 'inner')?.children ?? []).toEqual(text === '' ? [] : [text]);
    }),
    { numRuns: 300 },
  );
});

test('elements are found by their path', () => {
  const root = parseXml("<a><b n='1'/><b n='2'><c>  text </c></b></a>");
  expect(childrenOf(root, 'b')).toHaveLength(2);
  expect(attributeOf(root, 'n', 'b')).toBe('1');
  expect(find(root, 'b', 'c')).toBeUndefined();
  expect(textOf(find(childrenOf(root, 'b')[1], 'c'))).toBe('text');
});
