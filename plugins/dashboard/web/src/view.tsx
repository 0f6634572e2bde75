import type { Card, Picture, SuggestedAction, Table, View } from 'novacron/plugin';
import { useOpenAction } from './open-action.ts';
import { Pill } from './pill.tsx';
import { useActions } from './queries.ts';
import type { linkTo } from './route.ts';

/** A result as the hub says to show it: the same data that chat and terminal show. */
export function ViewBox({ view }: { readonly view: View }) {
  return (
    <div className="view">
      {view.text !== '' && (
        <p className="view-text">
          <Linked text={view.text} />
        </p>
      )}
      {view.card !== undefined && <CardBox card={view.card} />}
      {view.table !== undefined && view.table.columns.length > 0 && <TableBox table={view.table} />}
      {view.code !== undefined && (
        // A console is longer than the box: it scrolls, also by keyboard.
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
        <pre className="code" tabIndex={0} aria-label="Output">
          {view.code}
        </pre>
      )}
      {view.pictures?.map((picture) => (
        <PictureBox picture={picture} key={picture.title} />
      ))}
      {view.suggestions !== undefined && view.suggestions.length > 0 && <Suggestions suggestions={view.suggestions} />}
    </div>
  );
}

export function CardBox({ card }: { readonly card: Card }) {
  return (
    <div className="card">
      <div className="card-head">
        <strong>{card.title}</strong>
        {card.state !== undefined && <Pill text={card.state.text} tone={card.state.tone} />}
      </div>
      {card.subtitle !== undefined && <p className="quiet">{card.subtitle}</p>}
      <Fields fields={card.fields} />
    </div>
  );
}

export const Fields = ({ fields }: Pick<Card, 'fields'>) => (
  <dl className="fields">
    {fields.map(({ label, value }) => (
      <div key={label}>
        <dt>{label}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** Calls whose input is known; what this person may not do, or no plugin offers, is advice only. */
function Suggestions({ suggestions }: { readonly suggestions: readonly SuggestedAction[] }) {
  const { data: known = [] } = useActions();
  const open = useOpenAction();
  return (
    <div className="suggestions">
      {suggestions.map(({ action: id, label, input }) => {
        const action = known.find((one) => one.id === id);
        return action === undefined ? (
          <span className="quiet" key={label}>
            {label}
          </span>
        ) : (
          <button className="button primary" type="button" key={label} onClick={() => open({ action, given: input })}>
            {label}
          </button>
        );
      })}
    </div>
  );
}

interface TableProps {
  readonly table: Table;
  /** Where a row leads to; its first cell is the link. */
  readonly linkOf?: (row: number) => ReturnType<typeof linkTo> | undefined;
}

/** Characters; longer texts are sentences, which may go on in a next line. */
const ONE_LINE_LENGTH_MAX = 30;

export const TableBox = ({ table, linkOf }: TableProps) => (
  <div className="table-box">
    <table className="plain">
      <thead>
        <tr>
          {table.columns.map((column) => (
            <th scope="col" key={column}>
              {column}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, index) => (
          // Rows of a result have no id and never change their order.
          // oxlint-disable-next-line react/no-array-index-key
          <tr key={index}>
            {row.map((cell, column) => (
              <td key={table.columns[column] ?? column} data-long={cell.length > ONE_LINE_LENGTH_MAX || undefined}>
                {column === 0 ? <Cell text={cell} link={linkOf?.(index)} /> : cell}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const Cell = ({ text, link }: { readonly text: string; readonly link: ReturnType<typeof linkTo> | undefined }) =>
  link === undefined ? text : <a {...link}>{text}</a>;

/** A text whose addresses of this hub are links; those of others are text, whoever wrote them. */
const Linked = ({ text }: { readonly text: string }) =>
  text.split(/(https?:\/\/\S+)/u).map((part) =>
    URL.canParse(part) && new URL(part).origin === window.location.origin ? (
      <a href={part} key={part} target="_blank" rel="noopener noreferrer">
        {new URL(part).pathname}
      </a>
    ) : (
      part
    ),
  );

/** As data in the page: an SVG is then a picture and can run nothing. */
const PictureBox = ({ picture }: { readonly picture: Picture }) => (
  <img className="picture" alt={picture.alt} src={`data:${picture.mediaType};base64,${picture.base64}`} />
);
