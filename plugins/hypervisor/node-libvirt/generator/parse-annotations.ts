/** What the comment beside a constant says that a program can use. The comment's own words are not taken over. */
export interface Annotation {
  /** The version of libvirt that has it first. */
  since?: string;
  /** The C type of a typed parameter: `ullong`. */
  type?: string;
}

/** Ways in which the headers write the type of a typed parameter. */
const parameterTypePattern =
  /VIR_TYPED_PARAM_(INT|UINT|LLONG|ULLONG|DOUBLE|BOOLEAN|STRING)\b|\bas (?:an? )?(?:\* )?(unsigned long long|unsigned int|long long|ullong|llong|uint|int|double|boolean|string)\b/i;
const longNames: Record<string, string> = { 'unsigned long long': 'ullong', 'unsigned int': 'uint', 'long long': 'llong' };

/** The versions and types of all constants of a header. A comment belongs to the constant before it on its line, or else to the next one. */
export function parseAnnotations(source: string): Map<string, Annotation> {
  const annotations = new Map<string, Annotation>();
  const marked = source.replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => ` «${JSON.stringify(annotationOf(comment))}» `);
  let waiting: Annotation = {};
  for (const line of marked.split('\n')) {
    const own = [...line.matchAll(/«([^»]*)»/g)].map(([, json]) => JSON.parse(json!) as Annotation);
    const name = /^\s*(?:# *define +)?(VIR_\w+)/.exec(line)?.[1];
    const here = Object.assign({}, ...own) as Annotation;
    if (name) annotations.set(name, { ...waiting, ...here });
    if (name || line.replaceAll(/«[^»]*»/g, '').trim() !== '') waiting = {};
    else waiting = { ...waiting, ...here };
  }
  return annotations;
}

function annotationOf(comment: string): Annotation {
  const text = comment.replaceAll(/\s*\n\s*\*?\s*/g, ' ');
  const since = /Since:? (\d+\.\d+\.\d+)/.exec(text)?.[1];
  const [, macro, words] = parameterTypePattern.exec(text) ?? [];
  const type = (macro ?? words)?.toLowerCase();
  return { ...(since && { since }), ...(type && { type: longNames[type] ?? type }) };
}
