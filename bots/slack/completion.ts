import type { ActionDescription } from 'novacron/plugin';
import type { Completion } from '../sandbox/port.ts';

const LINES_MAX = 12;

/** Lines that continue what was typed, for the sandbox's page: nouns first, then actions, then the words of one action. */
export function complete(words: string, actions: readonly ActionDescription[]): readonly Completion[] {
  const typed = words.toLowerCase().replace(/\s+/g, ' ').trimStart();
  const entries = actions.map((action) => ({ action, line: action.id.replaceAll('.', ' ') }));
  const exact = entries.find(({ line }) => typed === line || typed.startsWith(`${line} `));
  if (exact) return [{ words: words.trimEnd() + ' ', title: exact.action.usage }];
  if (!typed.includes(' ')) {
    const nouns = Map.groupBy(entries, ({ line }) => line.split(' ')[0] ?? line);
    const help = 'help'.startsWith(typed) ? [{ words: 'help ', title: 'What you can do' }] : [];
    const lines = [...nouns]
      .filter(([noun]) => noun.startsWith(typed))
      .map(([noun, members]) => ({ words: `${noun} `, title: members.map(({ line }) => line.slice(noun.length + 1)).join(', ') }));
    return [...help, ...lines].slice(0, LINES_MAX);
  }
  return entries
    .filter(({ line }) => line.startsWith(typed))
    .slice(0, LINES_MAX)
    .map(({ line, action }) => ({ words: `${line} `, title: action.title }));
}
