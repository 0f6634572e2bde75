import { useEffect, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import type { ElementState, Option } from '../protocol.ts';
import { api, type Element } from './api.ts';
import { useViewer } from './person-context.ts';

const TYPING_PAUSE_MS = 120;

interface Props {
  readonly at: Element;
  readonly chosen: Option | null;
  readonly labelledBy: string | undefined;
  onChange(state: Omit<ElementState, 'type'>): void;
}

/** What the app answers to what was typed; the newest answer counts. */
function useOptions(at: Element, text: string, isOpen: boolean): readonly Option[] | null {
  const { user } = useViewer();
  const [options, setOptions] = useState<readonly Option[] | null>(null);
  const key = JSON.stringify(at);
  useEffect(() => {
    if (!isOpen) return;
    let isOld = false;
    const timer = setTimeout(() => {
      api
        .suggest(user, JSON.parse(key) as Element, text)
        .then((found) => !isOld && setOptions(found))
        .catch(() => !isOld && setOptions([]));
    }, TYPING_PAUSE_MS);
    return () => {
      isOld = true;
      clearTimeout(timer);
    };
  }, [user, key, text, isOpen]);
  return options;
}

interface FoundProps {
  readonly options: readonly Option[] | null;
  readonly active: number;
  readonly listId: string;
  onChoose(option: Option): void;
}

function Found({ options, active, listId, onChoose }: FoundProps): ReactNode {
  return (
    <ul role="listbox" id={listId}>
      {options === null && <li className="quiet">Searching</li>}
      {options?.length === 0 && <li className="quiet">Nothing found</li>}
      {options?.map((option, index) => (
        <li
          key={option.value}
          id={`${listId}-${index}`}
          role="option"
          aria-selected={index === active}
          onMouseDown={(event) => {
            event.preventDefault();
            onChoose(option);
          }}
        >
          {option.text.text}
        </li>
      ))}
    </ul>
  );
}

/** A select whose options the app searches while one types. */
export function ExternalSelect({ at, chosen, labelledBy, onChange }: Props): ReactNode {
  const [text, setText] = useState('');
  const [isOpen, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const listId = useId();
  const options = useOptions(at, text, isOpen);
  const choose = (option: Option): void => {
    onChange({ selected_option: option });
    setText('');
    setOpen(false);
  };
  const keys = (event: KeyboardEvent): void => {
    const count = options?.length ?? 0;
    const option = options?.[active];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      setActive((index) => (count === 0 ? 0 : (index + (event.key === 'ArrowDown' ? 1 : count - 1)) % count));
    } else if (event.key === 'Enter' && isOpen && option) {
      event.preventDefault();
      choose(option);
    } else if (event.key === 'Escape' && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
    }
  };
  return (
    <div className="combo">
      <input
        role="combobox"
        aria-expanded={isOpen}
        aria-controls={listId}
        aria-labelledby={labelledBy}
        aria-activedescendant={isOpen && options?.[active] ? `${listId}-${active}` : undefined}
        placeholder={chosen?.text.text ?? 'Search'}
        className={chosen ? 'chosen' : ''}
        value={text}
        autoComplete="off"
        onChange={({ target }) => {
          setText(target.value);
          setActive(0);
          setOpen(true);
        }}
        onClick={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={keys}
      />
      {isOpen && <Found options={options} active={active} listId={listId} onChoose={choose} />}
    </div>
  );
}
