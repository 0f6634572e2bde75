import type { ReactNode } from 'react';
import type { Message, Person, SharedFile } from '../protocol.ts';
import { Avatar } from './avatar.tsx';
import { BlockView } from './blocks.tsx';
import { EMOJI } from './emoji.ts';
import { Mrkdwn } from './mrkdwn.tsx';
import { useViewer } from './person-context.ts';

export const timeOf = (ts: string): string => new Date(Number(ts) * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

function FileView({ file }: { readonly file: SharedFile }): ReactNode {
  return (
    <figure className="file">
      <figcaption>
        <a href={file.path} target="_blank" rel="noreferrer">
          {file.title}
        </a>
      </figcaption>
      {file.mediaType.startsWith('image/') && (
        <a href={file.path} target="_blank" rel="noreferrer">
          <img src={file.path} alt={file.alt || file.title} />
        </a>
      )}
    </figure>
  );
}

function Body({ message }: { readonly message: Message }): ReactNode {
  const place = { channel: message.channel, ts: message.ts };
  return (
    <>
      {message.blocks.length > 0
        ? message.blocks.map((block) => <BlockView key={block.block_id} block={block} place={place} />)
        : message.text !== '' && (
            <div className="text">
              <Mrkdwn text={message.text} />
            </div>
          )}
      {message.files.map((file) => (
        <FileView key={file.id} file={file} />
      ))}
      {message.reactions.length > 0 && (
        <div className="reactions">
          {message.reactions.map(({ name, users }) => (
            <span key={name}>
              {EMOJI[name] ?? `:${name}:`} {users.length}
            </span>
          ))}
        </div>
      )}
    </>
  );
}

export interface MessageProps {
  readonly message: Message;
  /** Follows one of the same person: the name is not said again. */
  readonly isMore: boolean;
  readonly replies: number;
  onThread?: (() => void) | undefined;
}

export function MessageView({ message, isMore, replies, onThread }: MessageProps): ReactNode {
  const { state } = useViewer();
  const person: Person | undefined = state.people.find((candidate) => candidate.id === message.user);
  const name = person?.displayName ?? 'Somebody';
  const isPrivate = message.ephemeralFor !== null;
  const classes = ['message', isMore ? 'more' : '', isPrivate ? 'private' : ''].filter(Boolean).join(' ');
  return (
    <article className={classes} data-ts={message.ts} aria-label={`${name}, ${timeOf(message.ts)}`}>
      <div className="side">{isMore ? <time>{timeOf(message.ts).replace(/ ?[AP]M$/i, '')}</time> : <Avatar person={person} />}</div>
      <div className="body">
        {isPrivate && <p className="only">Only visible to you</p>}
        {!isMore && (
          <header>
            <strong>{name}</strong>
            {person?.bot === true && <span className="badge">App</span>}
            <time>{timeOf(message.ts)}</time>
          </header>
        )}
        <Body message={message} />
        {message.editedTs !== null && message.user !== state.app.user && <span className="edited">(edited)</span>}
        {replies > 0 && onThread && (
          <button type="button" className="replies" onClick={onThread}>
            {replies === 1 ? '1 reply' : `${replies} replies`}
          </button>
        )}
      </div>
      {onThread && !isPrivate && (
        <button type="button" className="reply-tool" onClick={onThread} title="Reply in thread" aria-label="Reply in thread">
          ↩
        </button>
      )}
    </article>
  );
}
