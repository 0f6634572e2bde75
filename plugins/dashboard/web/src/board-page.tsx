import type { ReactNode } from 'react';
import { ActionButton } from './action-dialog.tsx';
import type { Board } from './boards.ts';
import { BackIcon, PlusIcon } from './icons.tsx';
import { useActions, useCard, useShown } from './queries.ts';
import { linkTo } from './route.ts';
import { ThingActions } from './thing-actions.tsx';
import { Trouble } from './trouble.tsx';
import { TableBox, ViewBox } from './view.tsx';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Ids of the things that a list holds, in the order of its table; empty where it does not say. */
function idsOf(output: unknown, rows: number): string[] {
  const lists = isObject(output) ? Object.values(output).filter((value) => Array.isArray(value)) : [];
  const things = lists.find((list) => list.length === rows && list.every(isObject)) ?? [];
  return things.flatMap((thing: Readonly<Record<string, unknown>>) => {
    const id = thing['id'] ?? thing['name'];
    return typeof id === 'string' ? [id] : [];
  });
}

/** All things of a kind, as their list action shows them; each leads to its own page. */
export function BoardPage({ board }: { readonly board: Board }) {
  const { data, error } = useShown(board.list, {});
  const create = useActions().data?.find(({ id }) => id === board.create);
  const table = data?.view.table;
  const ids = table === undefined || board.show === undefined ? [] : idsOf(data?.output, table.rows.length);
  const linkOf = (row: number) => {
    const id = ids[row];
    return id === undefined ? undefined : linkTo(`/${board.path}/${encodeURIComponent(id)}`);
  };
  return (
    <section aria-labelledby="board-title">
      <div className="head">
        <h1 id="board-title">{board.title}</h1>
        {create !== undefined && (
          <ActionButton action={create} className="button primary">
            <PlusIcon />
            {create.label}
          </ActionButton>
        )}
      </div>
      {error !== null && <Trouble error={error} />}
      {data !== undefined && (
        <div className="panel board">
          <ViewBox view={{ ...data.view, ...(table && ids.length > 0 && { table: { columns: [], rows: [] } }) }} />
          {table !== undefined && ids.length > 0 && <TableBox table={table} linkOf={linkOf} />}
        </div>
      )}
    </section>
  );
}

interface ThingProps {
  readonly board: Board;
  readonly id: string;
}

/** One thing, as its show action shows it, with what can be done. */
export function ThingPage({ board, id }: ThingProps) {
  const { action = '', field = '' } = board.show ?? {};
  const { data, error } = useShown(action, { [field]: id });
  return (
    <article aria-label={`${board.title}: ${id}`}>
      <a className="back" {...linkTo(`/${board.path}`)}>
        <BackIcon />
        {board.title}
      </a>
      <div className="head vm-head">
        <h1>{id}</h1>
        {board.kind !== undefined && <Buttons kind={board.kind} id={id} shownBy={action} />}
      </div>
      {error !== null && <Trouble error={error} />}
      {data !== undefined && (
        <div className="panel board">
          <ViewBox view={data.view} />
        </div>
      )}
    </article>
  );
}

/** What shows it is what one looks at already. */
function Buttons({ kind, id, shownBy }: { readonly kind: string; readonly id: string; readonly shownBy: string }): ReactNode {
  const { data } = useCard(kind, id);
  return data === undefined ? null : (
    <ThingActions kind={kind} id={data.resource.id} name={data.resource.name} wanted={data.card.actions.filter((one) => one !== shownBy)} />
  );
}
