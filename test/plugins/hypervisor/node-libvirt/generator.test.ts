import { describe, expect, test } from 'vitest';
import { emitEnums } from '../../../../plugins/hypervisor/node-libvirt/generator/emit-constants.ts';
import { emitProcedures } from '../../../../plugins/hypervisor/node-libvirt/generator/emit-procedures.ts';
import { emitTypes } from '../../../../plugins/hypervisor/node-libvirt/generator/emit-types.ts';
import { evaluate } from '../../../../plugins/hypervisor/node-libvirt/generator/expression.ts';
import { memberPrefix, typeName } from '../../../../plugins/hypervisor/node-libvirt/generator/names.ts';
import { parseHeader } from '../../../../plugins/hypervisor/node-libvirt/generator/parse-headers.ts';
import { parseProtocol } from '../../../../plugins/hypervisor/node-libvirt/generator/parse-protocol.ts';
import { parseAnnotations } from '../../../../plugins/hypervisor/node-libvirt/generator/parse-annotations.ts';
import { functionIndex, parseFlags, parseSymbols } from '../../../../plugins/hypervisor/node-libvirt/generator/parse-functions.ts';
import { lxcProcedures, qemuProcedures, remoteProcedures } from 'node-libvirt';

/** A C source that says where flags come from, and the list of versions of its functions. */
const functions = functionIndex(
  parseSymbols(
    `LIBVIRT_0.9.4 {\n    global:\n        virVolGet;\n};\nLIBVIRT_QEMU_7.2.0 {\n    global:\n        virDomainQemuAttach;\n} LIBVIRT_0.9.4;`,
  ),
  parseFlags(
    `/**\n * virVolGet:\n * @name: of the volume\n * @flags: bitwise-OR of virVolGetFlags and\n *         virMoreFlags\n *\n * Says virNothing.\n */`,
  ),
);
const knowledge = { annotations: new Map([['VIR_DOMAIN_XML_NEXT', { since: '8.1.0' }]]), functions };

describe('constant expressions', () => {
  const known = new Map([['VIR_A', 4]]);
  test.each([
    ['7', 7],
    ['-1', -1],
    ['0x20008086', 0x20008086],
    ['(1 << 31)', 2147483648],
    ['1U << 3', 8],
    ['(4096 + 1)', 4097],
    ['VIR_A | 1 << 1', 6],
  ])('%s is %d', (expression, value) => {
    expect(evaluate(expression, known)).toBe(value);
  });

  test.each(['VIR_UNKNOWN', '(1', '1 2', ''])('"%s" is refused', (expression) => {
    expect(() => evaluate(expression, known)).toThrow(/"/);
  });
});

describe('headers', () => {
  const source = `
# define VIR_UUID_BUFLEN (16)
# define VIR_NAME "the_name"
/* a comment with typedef enum { */
typedef enum {
    VIR_DOMAIN_XML_SECURE = (1 << 0), /* one */
    VIR_DOMAIN_XML_NEXT,
    VIR_DOMAIN_XML_SAME = VIR_DOMAIN_XML_SECURE,
# ifdef VIR_ENUM_SENTINELS
    VIR_DOMAIN_XML_LAST
# endif
} virDomainXMLFlags;`;

  test('enums lose their sentinels and keep values that follow or repeat others', () => {
    const known = new Map<string, number>();
    const header = parseHeader(source, known);
    expect(header.enums).toEqual([
      {
        name: 'virDomainXMLFlags',
        values: [
          { name: 'VIR_DOMAIN_XML_SECURE', value: 1 },
          { name: 'VIR_DOMAIN_XML_NEXT', value: 2 },
          { name: 'VIR_DOMAIN_XML_SAME', value: 1 },
        ],
      },
    ]);
    expect(header.texts).toEqual([{ name: 'VIR_NAME', text: 'the_name' }]);
    expect(known.get('VIR_UUID_BUFLEN')).toBe(16);
    expect(emitEnums(header.enums, knowledge)).toContain(
      'export const DomainXMLFlags = {\n  /** With passwords. */\n  SECURE: 1,\n  /** Since libvirt 8.1.0. */\n  NEXT: 2,\n  SAME: 1,\n} as const',
    );
  });

  test('the prefix of members comes from the name of the type', () => {
    expect(memberPrefix('virDomainState', ['VIR_DOMAIN_RUNNING'])).toBe('VIR_DOMAIN_');
    expect(memberPrefix('virErrorNumber', ['VIR_WAR_NO_NETWORK'])).toBe('VIR_ERR_');
    expect(memberPrefix('virKeycodeSet', ['VIR_KEYCODE_SET_LINUX'])).toBe('VIR_KEYCODE_SET_');
  });
});

describe('doc comments', () => {
  test('versions and types are taken from the comment that belongs to a constant, and nothing else of it', () => {
    const source = `
/**
 * VIR_A:
 *
 * Words about it, as VIR_TYPED_PARAM_ULLONG.
 *
 * Since: 7.1.0
 */
# define VIR_A "a"
# define VIR_NONE "none"
typedef enum {
    VIR_ONE = 1, /* first (Since: 1.2.3) */
    VIR_TWO = 2, /* second, told
                    in two lines (Since: 8.0.0) */
    /* third (Since: 9.0.0) */
    VIR_THREE = 3,
    VIR_FOUR
} virNumber;`;
    expect([...parseAnnotations(source)]).toEqual([
      ['VIR_A', { since: '7.1.0', type: 'ullong' }],
      ['VIR_NONE', {}],
      ['VIR_ONE', { since: '1.2.3' }],
      ['VIR_TWO', { since: '8.0.0' }],
      ['VIR_THREE', { since: '9.0.0' }],
      ['VIR_FOUR', {}],
    ]);
  });

  test('a function is found by the name of its procedure, with the version it came in and the flags it takes', () => {
    expect(functions.get('volget')).toEqual({ name: 'virVolGet', since: '0.9.4', flags: ['virVolGetFlags', 'virMoreFlags'] });
    expect(functions.get('domainattach')).toEqual({ name: 'virDomainQemuAttach', since: '7.2.0', flags: [] });
  });
});

describe('protocols', () => {
  const source = `
%#include <rpc/rpc.h>
const REMOTE_STRING_MAX = 100;
const REMOTE_PROGRAM = 0x20008086;
typedef string remote_nonnull_string<REMOTE_STRING_MAX>;
typedef remote_nonnull_string *remote_string;
struct remote_vol_get_args { remote_string name; unsigned hyper sizes<4>; char model[2]; };
struct remote_vol_get_ret { int found; };
struct remote_vol_event_msg { int callbackID; };
enum remote_procedure {
    /**
     * @generate: both
     * @priority: high
     * @readstream: 1
     */
    REMOTE_PROC_VOL_GET = 7,

    /**
     * @generate: both
     */
    REMOTE_PROC_VOL_EVENT = 8
};`;
  const protocol = parseProtocol(source, 'remote', new Map());
  const homes = new Map(protocol.declarations.map((one) => [one.name, 'types']));
  const pointers = new Set(['remote_string']);

  test('types become codecs with the limits of the protocol', () => {
    const declarations = protocol.declarations.filter((one) => one.kind !== 'enum');
    const text = emitTypes({ name: 'types', declarations }, { homes, pointers }, knowledge);
    expect(text).toContain('export const string = xdrString(100)');
    expect(text).toContain('export const optionalString = optional(string)');
    expect(text).toContain('  name: optionalString,\n  sizes: array(uhyper, 4),\n  model: fixedArray(char, 2),');
    expect(typeName('remote_interface', pointers)).toBe('hostInterface');
  });

  test('procedures keep what their comments say, and messages become events', () => {
    const text = emitProcedures('remote', protocol, { homes, knowledge });
    expect(text).toContain('  /** `virVolGet`. Flags: see `VolGetFlags` and `MoreFlags`. */\n  volGet');
    expect(text).toContain("  volGet: { program, number: 7, args: volGetArgs, ret: volGetRet, priority: 'high', stream: 'read' },");
    expect(text).toContain('  volEvent: { program, number: 8, message: volEventMsg },');
  });

  test('what the generator does not know is refused instead of being left out', () => {
    expect(() => parseProtocol('quadruple remote_x;', 'remote', new Map())).toThrow('quadruple');
    expect(() => parseProtocol('struct remote_x { int a b; };', 'remote', new Map())).toThrow('int a b');
  });
});

test('the committed tables have the numbers of the protocol', () => {
  expect(remoteProcedures.connectOpen.number).toBe(1);
  expect(remoteProcedures.connectGetAllDomainStats).toMatchObject({ program: 0x20008086, number: 344 });
  expect(remoteProcedures.storageVolUpload).toMatchObject({ number: 208, stream: 'write' });
  expect(lxcProcedures.domainOpenNamespace).toMatchObject({ program: 0x68000, number: 1 });
  expect(Object.keys(remoteProcedures)).toHaveLength(392);
  expect(qemuProcedures.domainAgentCommand).toMatchObject({ program: 0x20008087, number: 3 });
});
