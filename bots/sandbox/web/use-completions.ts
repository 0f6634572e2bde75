import { useEffect, useState } from 'react';
import type { Completion } from '../port.ts';
import { api } from './api.ts';
import { useViewer } from './person-context.ts';

const TYPING_PAUSE_MS = 60;
const NONE: readonly Completion[] = [];

interface Answer {
  readonly text: string;
  readonly lines: readonly Completion[];
}

/** Lines that continue a slash command: its name first, then what the app offers. */
export function useCompletions(text: string, isCommand: boolean): readonly Completion[] {
  const { user, state } = useViewer();
  const [answer, setAnswer] = useState<Answer>({ text: '', lines: NONE });
  const isTyped = isCommand && text.startsWith('/');
  const command = isTyped ? state.app.commands.find((known) => text.startsWith(`${known.command} `))?.command : undefined;
  useEffect(() => {
    if (command === undefined) return;
    let isOld = false;
    const show = (lines: readonly Completion[]): void => {
      if (!isOld) setAnswer({ text, lines });
    };
    const timer = setTimeout(() => {
      api
        .complete(user, text.slice(command.length + 1))
        .then((found) => show(found.map(({ words, title }) => ({ words: `${command} ${words}`, title }))))
        .catch(() => show(NONE));
    }, TYPING_PAUSE_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [text, command, user]);
  if (!isTyped) return NONE;
  // The answer to what was typed a moment ago stays until the next one is there.
  if (command !== undefined) return text.startsWith(answer.text.slice(0, command.length + 1)) ? answer.lines : NONE;
  const fitting = state.app.commands.filter((known) => known.command.startsWith(text));
  return fitting.map((known) => ({ words: `${known.command} `, title: `${known.description} · ${known.usageHint}` }));
}
