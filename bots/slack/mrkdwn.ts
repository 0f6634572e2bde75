/** Text for Slack: whatever people or machines wrote can neither mention, link, nor break out of where it stands. */

/** Cuts without splitting a surrogate pair; the ellipsis counts. */
export function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text;
  return `${text.slice(0, Math.max(0, lengthMax - 1)).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Escapes first, then cuts, so that the bound holds for what is sent; an entity is never cut in two. */
export function escape(text: string, lengthMax = 3_000): string {
  const escaped = text.replaceAll(/[&<>]/g, (sign) => ENTITIES[sign] ?? sign);
  if (escaped.length <= lengthMax) return escaped;
  const short = escaped
    .slice(0, Math.max(0, lengthMax - 1))
    .replace(/&[a-z]{0,3}$/, '')
    .replace(/[\uD800-\uDBFF]$/, '');
  return `${short}…`;
}

/** A zero-width space keeps backticks from ending the code. */
const withoutFences = (text: string): string => text.replaceAll('`', '`\u200B');

export const inlineCode = (text: string, lengthMax = 300): string =>
  `\`${escape(text.replaceAll('`', "'").replaceAll(/\s+/g, ' '), lengthMax) || ' '}\``;

export function codeBlock(text: string, lengthMax = 2_900): string {
  return `\`\`\`\n${escape(withoutFences(text), lengthMax - 8) || ' '}\n\`\`\``;
}

/** Emphasis does not survive its own sign inside. */
export const bold = (text: string, lengthMax = 300): string =>
  `*${escape(text.replaceAll('*', '∗').replaceAll(/\s+/g, ' '), lengthMax - 2) || ' '}*`;

export const mention = (user: string): string => (/^[A-Z0-9]+$/.test(user) ? `<@${user}>` : escape(user, 80));

/** Shown in the reader's own time zone. */
export function moment(at: number): string {
  const iso = new Date(at).toISOString();
  return `<!date^${Math.floor(at / 1_000)}^{date_short_pretty} {time}|${iso.slice(0, 16).replace('T', ' ')} UTC>`;
}
