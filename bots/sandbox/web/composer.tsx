import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { Completion } from '../port.ts';
import { api } from './api.ts';
import { useViewer } from './person-context.ts';
import { useCompletions } from './use-completions.ts';

const REMEMBERED_MAX = 50;

interface Props {
  readonly channel: string;
  readonly threadTs: string | null;
  readonly label: string;
}

interface Remembered {
  lines: string[];
  at: number;
}

interface Line {
  readonly text: string;
  readonly active: number;
  readonly shown: readonly Completion[];
  write(text: string): void;
  keys(event: KeyboardEvent): void;
}

const stepOf = (key: string): number => (key === 'ArrowDown' ? 1 : key === 'ArrowUp' ? -1 : 0);

/** The line that is being written, its completions, and the lines before it. */
function useLine(isCommand: boolean, onSend: (text: string) => void): Line & { send(): void } {
  const [text, setText] = useState('');
  const [active, setActive] = useState(-1);
  const [isHidden, setHidden] = useState(false);
  const remembered = useRef<Remembered>({ lines: [], at: 0 });
  const completions = useCompletions(text, isCommand);
  const shown = isHidden ? [] : completions;
  const write = (next: string): void => {
    setText(next);
    setActive(-1);
    setHidden(false);
  };
  const send = (): void => {
    const line = text.trim();
    if (line === '') return;
    const lines = [...remembered.current.lines, line].slice(-REMEMBERED_MAX);
    remembered.current = { lines, at: lines.length };
    write('');
    onSend(line);
  };
  const recall = (step: number): void => {
    const { lines, at } = remembered.current;
    remembered.current.at = Math.min(lines.length, Math.max(0, at + step));
    write(lines[remembered.current.at] ?? '');
  };
  const keys = (event: KeyboardEvent): void => {
    const step = stepOf(event.key);
    const picked = shown[active] ?? (event.key === 'Tab' ? shown[0] : undefined);
    const isRecalling = text === '' || remembered.current.at < remembered.current.lines.length;
    const act = (): void | false => {
      if (step !== 0 && isRecalling && active < 0 && !text.startsWith('/')) return recall(step);
      if (step !== 0 && shown.length > 0)
        return setActive((index) => (Math.max(index, step < 0 ? 0 : -1) + step + shown.length) % shown.length);
      if (step !== 0 && isRecalling) return recall(step);
      if (picked && (event.key === 'Tab' || event.key === 'Enter') && !event.shiftKey) return write(picked.words);
      if (event.key === 'Enter' && !event.shiftKey) return send();
      if (event.key === 'Escape' && shown.length > 0) return setHidden(true);
      return false;
    };
    if (act() !== false) event.preventDefault();
  };
  return { text, active, shown, write, keys, send };
}

function Completions({ line, listId }: { readonly line: Line; readonly listId: string }): ReactNode {
  return (
    <ul className="completions" role="listbox" id={listId} aria-label="Completions">
      {line.shown.map(({ words, title }, index) => (
        <li
          key={words}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === line.active}
          onMouseDown={(event) => {
            event.preventDefault();
            line.write(words);
          }}
        >
          <kbd>{words.trim()}</kbd>
          <span>{title}</span>
        </li>
      ))}
    </ul>
  );
}

/** Where one writes: a message, or a slash command with its completion. */
export function Composer({ channel, threadTs, label }: Props): ReactNode {
  const { user, state, run } = useViewer();
  const field = useRef<HTMLTextAreaElement>(null);
  const listId = useId();
  const line = useLine(threadTs === null, (text) => {
    const addressed = text.replace(/^@nova\b/i, `<@${state.app.user}>`);
    const isCommand = threadTs === null && text.startsWith('/');
    void run(() => (isCommand ? api.command(user, channel, text) : api.say(user, channel, { text: addressed, threadTs })));
    field.current?.focus();
  });
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        line.send();
      }}
    >
      {line.shown.length > 0 && <Completions line={line} listId={listId} />}
      <textarea
        ref={field}
        rows={1}
        value={line.text}
        placeholder={threadTs === null ? `${label}  ·  type / for commands` : label}
        aria-label={label}
        aria-controls={listId}
        aria-activedescendant={line.active >= 0 ? `${listId}-${line.active}` : undefined}
        onChange={({ target }) => line.write(target.value)}
        onKeyDown={line.keys}
      />
      <button type="submit" className="send" aria-label="Send" disabled={line.text.trim() === ''}>
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 12l16-8-6 8 6 8z" fill="currentColor" />
        </svg>
      </button>
    </form>
  );
}
