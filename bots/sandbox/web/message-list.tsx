import { useLayoutEffect, useRef, type ReactNode } from 'react';
import type { Message } from '../protocol.ts';
import { MessageView } from './message.tsx';

const GROUP_SECONDS = 180;
/** Closer than this to the end counts as being there. */
const END_PX = 120;

const isMore = (before: Message | undefined, message: Message): boolean =>
  before?.user === message.user && before.ephemeralFor === message.ephemeralFor && Number(message.ts) - Number(before.ts) < GROUP_SECONDS;

interface Props {
  readonly messages: readonly Message[];
  readonly label: string;
  readonly repliesTo: ReadonlyMap<string, number>;
  readonly empty: ReactNode;
  onThread?: (ts: string) => void;
}

/** Messages, oldest first; stays at the end unless one has scrolled away from it. */
export function MessageList({ messages, label, repliesTo, empty, onThread }: Props): ReactNode {
  const box = useRef<HTMLDivElement>(null);
  const inner = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const [outer, content] = [box.current, inner.current];
    if (!outer || !content) return;
    const toEnd = (): void => {
      if (isAtEnd.current) outer.scrollTop = outer.scrollHeight;
    };
    const watch = new ResizeObserver(toEnd);
    watch.observe(content);
    watch.observe(outer);
    toEnd();
    return () => watch.disconnect();
  }, []);
  return (
    <div
      className="messages"
      ref={box}
      role="log"
      aria-label={label}
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) =>
        (isAtEnd.current = scrollHeight - scrollTop - clientHeight < END_PX)
      }
    >
      <div ref={inner}>
        {messages.length === 0 && <div className="empty">{empty}</div>}
        {messages.map((message, index) => (
          <MessageView
            key={`${message.channel}:${message.ts}`}
            message={message}
            isMore={isMore(messages[index - 1], message)}
            replies={repliesTo.get(message.ts) ?? 0}
            onThread={onThread && (() => onThread(message.ts))}
          />
        ))}
      </div>
    </div>
  );
}
