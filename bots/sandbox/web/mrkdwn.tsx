import type { ReactNode } from 'react';
import { EMOJI } from './emoji.ts';
import { useViewer } from './person-context.ts';
import { withSigns } from './signs.tsx';

const unescape = (text: string): string => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');

const emojis = (text: string): ReactNode => withSigns(text.replaceAll(/:([a-z0-9_+-]+):/g, (whole, name: string) => EMOJI[name] ?? whole));

/** One sign of emphasis, around text that begins and ends without a space. */
const INLINE =
  /(?<link><[^<>\n]+>)|`(?<code>[^`\n]+)`|(?<![\w*])\*(?<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])|(?<![\w_])_(?<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])|(?<![\w~])~(?<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])/u;

interface Names {
  readonly people: ReadonlyMap<string, string>;
  readonly channels: ReadonlyMap<string, string>;
}

function dateText(token: string, fallback: string): string {
  const seconds = Number(/^!date\^(\d+)\^/.exec(token)?.[1]);
  if (!Number.isFinite(seconds)) return fallback;
  return new Date(seconds * 1_000).toLocaleString([], { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
}

function link(token: string, names: Names): ReactNode {
  const [target = '', label] = token.split('|');
  if (target.startsWith('@')) return <span className="mention">@{names.people.get(target.slice(1)) ?? target.slice(1)}</span>;
  if (target.startsWith('#')) return <span className="mention">#{names.channels.get(target.slice(1)) ?? target.slice(1)}</span>;
  if (target.startsWith('!date')) return <time>{dateText(target, label ?? '')}</time>;
  if (target.startsWith('!')) return <span className="mention loud">@{target.slice(1)}</span>;
  if (!/^(?:https?|mailto):/.test(target)) return unescape(label ?? target);
  return (
    <a href={unescape(target)} target="_blank" rel="noreferrer">
      {unescape(label ?? target)}
    </a>
  );
}

function inline(text: string, names: Names): ReactNode[] {
  const nodes: ReactNode[] = [];
  let rest = text;
  for (let index = 0; rest !== ''; index += 1) {
    const match = INLINE.exec(rest);
    if (!match) return [...nodes, <span key={index}>{emojis(unescape(rest))}</span>];
    const { link: linked, code, bold, italic, strike } = match.groups ?? {};
    if (match.index > 0) nodes.push(<span key={`before-${index}`}>{emojis(unescape(rest.slice(0, match.index)))}</span>);
    if (linked !== undefined) nodes.push(<span key={index}>{link(linked.slice(1, -1), names)}</span>);
    else if (code !== undefined) nodes.push(<code key={index}>{unescape(code)}</code>);
    else if (bold !== undefined) nodes.push(<strong key={index}>{inline(bold, names)}</strong>);
    else if (italic !== undefined) nodes.push(<em key={index}>{inline(italic, names)}</em>);
    else if (strike !== undefined) nodes.push(<s key={index}>{inline(strike, names)}</s>);
    rest = rest.slice(match.index + match[0].length);
  }
  return nodes;
}

/** Slack's own markup as elements; nothing in it becomes HTML. */
export function Mrkdwn({ text }: { readonly text: string }): ReactNode {
  const { state } = useViewer();
  const names: Names = {
    people: new Map(state.people.map((person) => [person.id, person.displayName])),
    channels: new Map(state.channels.map((channel) => [channel.id, channel.name])),
  };
  const parts = text.split(/```\n?([\s\S]*?)\n?```/);
  return parts.map((part, index) => {
    // Split points alternate: text, code, text.
    if (index % 2 === 1) return <pre key={index}>{unescape(part)}</pre>;
    return part === '' ? null : <span key={index}>{inline(part.replace(/^\n/, ''), names)}</span>;
  });
}

/** A text object of Block Kit. */
export function Text({ text }: { readonly text: unknown }): ReactNode {
  const { type, text: content } = text as { type?: string; text?: string };
  return type === 'mrkdwn' ? <Mrkdwn text={content ?? ''} /> : <span>{emojis(content ?? '')}</span>;
}
