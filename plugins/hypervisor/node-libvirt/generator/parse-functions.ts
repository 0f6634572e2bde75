/** What is known of one function of libvirt's C library. */
export interface ApiFunction {
  /** As in C: `virDomainCreateXML`. */
  name: string;
  /** The version of libvirt that has it first. */
  since: string;
  /** The enums its `flags` are made of. */
  flags: string[];
}

/** Reads a list of exported symbols: blocks such as `LIBVIRT_0.9.4 { global: virA; virB; }`. */
export function parseSymbols(source: string): Map<string, string> {
  const versions = new Map<string, string>();
  for (const [, version, body] of source.matchAll(/^LIBVIRT_(?:[A-Z]+_)?([\d.]+)\s*\{([^}]*)\}/gm)) {
    for (const [, name] of body!.matchAll(/\b(vir\w+);/g)) versions.set(name!, version!);
  }
  return versions;
}

/** Reads from a C source which enums the `flags` of each function are made of. */
export function parseFlags(source: string): Map<string, string[]> {
  const flags = new Map<string, string[]>();
  for (const [comment, name] of source.matchAll(/\/\*\*\n \* (vir\w+):(?:(?!\*\/)[\s\S])*\*\//g)) {
    const paragraph = /^ \* @flags:((?:(?!^ \* @|^ \*$)[\s\S])*)/m.exec(comment)?.[1];
    if (paragraph) flags.set(name!, [...new Set(paragraph.match(/\bvir[A-Z]\w+/g) ?? [])]);
  }
  return flags;
}

/**
 * Finds functions by the name of their procedure. The protocol writes `domain_create_xml` for `virDomainCreateXML`,
 * and in the programs of single drivers the driver's name is left out.
 */
export function functionIndex(versions: ReadonlyMap<string, string>, flags: ReadonlyMap<string, string[]>): Map<string, ApiFunction> {
  return new Map(
    [...versions].map(([name, since]) => [
      name
        .toLowerCase()
        .replace(/^vir/, '')
        .replace(/qemu|lxc/, ''),
      { name, since, flags: flags.get(name) ?? [] },
    ]),
  );
}
