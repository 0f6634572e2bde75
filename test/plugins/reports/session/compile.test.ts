import { describe, expect, it } from 'vitest';
import { compileCell } from '../../../../plugins/reports/session/compile.ts';
import { completenessOf } from '../../../../plugins/reports/session/is-complete.ts';

const lines = (text: string): number => text.split('\n').length;

describe('a cell is compiled', () => {
  it('makes variables of the session of all that it declares, also in patterns and imports', () => {
    const code =
      'const a: number = 1, { b, c: [d = 2, ...e], ...f } = x\nlet g\nclass H {}\nfunction i() {}\nimport j, { k as l } from "m"\nimport * as n from "o"';
    expect(compileCell(code).names.toSorted()).toEqual(['H', 'a', 'b', 'd', 'e', 'f', 'g', 'i', 'j', 'l', 'n']);
  });

  it('keeps every statement on its line, whatever it becomes', () => {
    const code =
      'import {\n  a,\n  b as c,\n} from "z";\nconst x: {\n  y: number\n} = { y: 1 };\nexport const k = 2;\nfor (const q of r)\n  s(q);\nfunction f() {\n  return 1;\n}\nx.y';
    const { body, functions } = compileCell(code);
    expect(lines(body)).toBe(lines(code) + 1);
    expect(lines(functions ?? '')).toBe(lines(code));
    expect(body.split('\n')[13]).toBe('return (x.y);');
    expect(functions?.split('\n')[10]).toBe('function f() {');
  });

  it('survives code without semicolons', () => {
    const { body } = compileCell('a\nconst b = 1\nc');
    expect(body).toContain('a\n;(    b = 1);\nreturn (c);');
  });

  it('counts the turns of every loop, so that each can be stopped', () => {
    const { body } = compileCell('while (true);\ndo { a } while (b)\nfor (;;) for (const c in d) e');
    expect(body.match(/__novaTurn\(\)/gu)).toHaveLength(4);
  });

  it('says which syntax of TypeScript it does not take, and where', () => {
    expect(() => compileCell('enum A { b }')).toThrow('enum is not supported');
    expect(() => compileCell('export default 1')).toThrow('nobody to export to');
  });
});

describe('a console asks whether a cell is complete', () => {
  it.each([
    ['const a = 1', 'complete'],
    ['if (a) {', 'incomplete'],
    ['f(', 'incomplete'],
    ['a +', 'incomplete'],
    ['`text', 'incomplete'],
    ['x = )', 'invalid'],
  ])('%s: %s', (code, expected) => expect(completenessOf(code)).toBe(expected));
});
