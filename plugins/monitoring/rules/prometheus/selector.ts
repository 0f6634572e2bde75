import type { AlertScope, Metric } from 'novacron/plugin';
import { cannot, childOf, childrenOf, parseSeconds, textOf, type Tree } from './tree.ts';

/** One metric of the hub over some of its things, as a selector means it. */
export interface Selected {
  /** `vm.cpuRatio` */
  readonly metric: string;
  readonly kind: Metric['kind'];
  readonly scope: AlertScope;
}

export interface Names {
  readonly declared: ReadonlyMap<string, Metric>;
  /** Names in Prometheus with the metric of the hub that they mean. */
  readonly given: Readonly<Record<string, string>>;
}

const plain = (name: string): string =>
  name
    .replace(/_total$/, '')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .toLowerCase();

/** `vm_cpu_ratio` is vm.cpuRatio, as the hub calls it when Prometheus reads it; others have to be given. */
function metricOf(name: string, { declared, given }: Names): string {
  const key = given[name] ?? [...declared.keys()].find((one) => plain(one) === plain(name));
  if (key !== undefined && declared.has(key)) return key;
  throw cannot(`the hub has no metric "${name}"; say which of its own is meant with --metrics ${name}=vm.cpuRatio`);
}

/** `web-.*|db-1` as names with stars; anything else of a regular expression has no equal here. */
function patternsOf(regex: string): readonly string[] {
  const names = regex.replace(/^\((.*)\)$/, '$1').split('|');
  return names.map((name) => {
    const pattern = name.replaceAll('.*', '*').replaceAll(/\\([.-])/g, '$1');
    if (/[+?^${}()[\]\\]/.test(pattern) || /(^|[^\\])\.(?!\*)/.test(name))
      throw cannot(`the matcher =~"${regex}" is more than names with .*`);
    return pattern;
  });
}

const unquote = (text: string): string => text.slice(1, -1).replaceAll(/\\(.)/g, '$1');

function scopeOf(matchers: readonly Tree[], kind: string): AlertScope {
  let scope: AlertScope = {};
  for (const matcher of matchers) {
    const [label = '', op = '', value = ''] = childrenOf(matcher).map(textOf);
    const text = unquote(value);
    if (op !== '=' && op !== '=~')
      throw cannot(`the matcher ${label}${op}"${text}" excludes things; a rule of the hub names those that it looks at`);
    const wanted = op === '=' ? [text] : patternsOf(text);
    if (label === kind || label === 'name') scope = { ...scope, names: wanted };
    else if (label === 'device') scope = { ...scope, devices: wanted };
    else if (label === 'tenant' && op === '=') scope = { ...scope, tenant: text };
    else throw cannot(`there is no label "${label}" here; there are ${kind}, device and tenant`);
  }
  return scope;
}

/** What a selector means. Throws Untranslatable. */
export function selectorOf(tree: Tree, names: Names): Selected {
  const name = childOf(tree, 'Identifier');
  if (tree.node.name !== 'VectorSelector' || name === undefined) throw cannot(`"${textOf(tree)}" is not the name of a metric`);
  const metric = metricOf(textOf(name), names);
  const list = childOf(tree, 'LabelMatchers');
  const matchers = list ? childrenOf(list).filter(({ node }) => node.name.endsWith('LabelMatcher')) : [];
  const kind = names.declared.get(metric)?.kind ?? 'gauge';
  return { metric, kind, scope: scopeOf(matchers, metric.split('.')[0] ?? '') };
}

/** A selector with its `[5m]`. */
export function rangeOf(tree: Tree, names: Names): Selected & { readonly windowSeconds: number } {
  const [selector, duration] = childrenOf(tree);
  if (tree.node.name !== 'MatrixSelector' || selector === undefined || duration === undefined)
    throw cannot(`"${textOf(tree)}" is not a metric over a time such as vm_cpu_ratio[5m]`);
  return { ...selectorOf(selector, names), windowSeconds: parseSeconds(textOf(duration).trim()) };
}
