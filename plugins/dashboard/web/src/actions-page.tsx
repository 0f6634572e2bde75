import type { ActionDescription } from 'novacron/plugin';
import { useState } from 'react';
import { ActionButton } from './action-dialog.tsx';
import { useActions } from './queries.ts';
import { Trouble } from './trouble.tsx';

const RISK_WORDS: Readonly<Record<ActionDescription['risk'], string | null>> = {
  read: null,
  change: 'changes',
  disrupt: 'a guest notices',
  destroy: 'data is lost',
};

/** Everything this person may do, of every plugin. */
export function ActionsPage() {
  const { data: actions = [], error } = useActions();
  const [text, setText] = useState('');
  const wanted = text.toLowerCase();
  const shown = actions.filter(({ id, title }) => `${id.replaceAll('.', ' ')} ${title}`.toLowerCase().includes(wanted));
  const groups = Object.entries(Object.groupBy(shown, ({ id }) => id.split('.')[0] ?? id));
  return (
    <section aria-labelledby="actions-title">
      <div className="head">
        <h1 id="actions-title">Actions</h1>
        <input
          className="search"
          type="search"
          placeholder="What do you want to do?"
          aria-label="Filter actions"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </div>
      {error !== null && <Trouble error={error} />}
      {groups.map(([noun, ofNoun = []]) => (
        <section className="action-group" key={noun} aria-label={noun}>
          <h2>{noun}</h2>
          <ul className="panel action-list">
            {ofNoun.map((action) => (
              <li key={action.id}>
                <ActionButton action={action} className="action-line">
                  <span className="action-title">{action.title}</span>
                  <code>{action.id.replaceAll('.', ' ')}</code>
                  {RISK_WORDS[action.risk] !== null && (
                    <span className="risk" data-risk={action.risk}>
                      {RISK_WORDS[action.risk]}
                    </span>
                  )}
                </ActionButton>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {shown.length === 0 && text !== '' && <p className="panel empty quiet">Nothing you may do is called that.</p>}
    </section>
  );
}
