/** The oldest libvirt this client is for; what it has needs no version in its comment. */
const oldest = [6, 0, 0];

/** `since libvirt 7.2.0`, or nothing for what every supported libvirt has. */
export function sinceText(version: string | undefined): string {
  if (!version) return '';
  const parts = version.split('.').map(Number);
  const differs = parts.findIndex((part, at) => part !== oldest[at]);
  return differs >= 0 && parts[differs]! > oldest[differs]! ? `since libvirt ${version}` : '';
}

/** A doc comment of the sentences that are there; nothing when none is. */
export function doc(sentences: readonly (string | undefined)[], indent = ''): string[] {
  const text = sentences
    .filter((sentence) => sentence)
    .map((sentence) => `${sentence!.startsWith('libvirt') ? sentence : `${sentence!.charAt(0).toUpperCase()}${sentence!.slice(1)}`}.`)
    .join(' ');
  return text === '' ? [] : [`${indent}/** ${text} */`];
}
