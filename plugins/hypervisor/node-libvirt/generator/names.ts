/** `domain_get_info` becomes `domainGetInfo`. */
export function camelCase(name: string): string {
  return name.replaceAll(/_+([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `domain_get_info` becomes `DomainGetInfo`. */
export function pascalCase(name: string): string {
  const camel = camelCase(name);
  return camel.charAt(0).toUpperCase() + camel.slice(1);
}

/**
 * The name of a protocol type in TypeScript. libvirt calls what must be there `nonnull_domain` and what may be absent `domain`;
 * here the first is `domain` and the second `optionalDomain`, because nothing is null by itself in TypeScript.
 */
export function typeName(name: string, pointers: ReadonlySet<string>): string {
  const bare = name.replace(/^(remote|qemu|lxc)_/, '');
  const prefix = name.startsWith('remote_') ? '' : name.replace(/_.*/, '_');
  if (pointers.has(name)) return camelCase(`optional_${bare}`);
  const result = camelCase(prefix + bare.replace(/^nonnull_/, ''));
  return result === 'interface' ? 'hostInterface' : result;
}

/** `virDomainXMLFlags` becomes the snake case of C, `VIR_DOMAIN_XML_FLAGS`. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toUpperCase();
}

/**
 * The part that all members of an enum begin with and that its type name repeats, so that `VIR_DOMAIN_XML_SECURE` of
 * `virDomainXMLFlags` can be `DomainXMLFlags.SECURE`. It comes from the type's name alone, so new members change no old name.
 */
export function memberPrefix(enumName: string, members: readonly string[]): string {
  if (enumName === 'virErrorNumber') return 'VIR_ERR_';
  if (enumName === 'virErrorDomain') return 'VIR_FROM_';
  const words = snakeCase(enumName).split('_');
  for (let length = words.length; length > 1; length--) {
    const prefix = `${words.slice(0, length).join('_')}_`;
    if (members.every((member) => member.startsWith(prefix) && /^[A-Z]/.test(member.slice(prefix.length)))) return prefix;
  }
  return 'VIR_';
}
