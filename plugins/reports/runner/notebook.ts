import { HubError } from 'novacron/plugin';
import { z } from 'zod';

/** What is used of Jupyter's file format 4; all else is kept as it is. */
const Text = z.union([z.string(), z.array(z.string())]).transform((text) => [text].flat().join(''));
const Cell = z.looseObject({
  cell_type: z.enum(['code', 'markdown', 'raw']),
  source: Text,
  metadata: z.looseObject({ tags: z.array(z.string()).optional() }).default({}),
  outputs: z.array(z.looseObject({ output_type: z.string() })).optional(),
});
const NotebookFile = z.looseObject({
  nbformat: z.literal(4),
  nbformat_minor: z.int().default(5),
  metadata: z.looseObject({}).default({}),
  cells: z.array(Cell).max(500),
});

export type Cell = z.output<typeof Cell>;
export type NotebookOutput = NonNullable<Cell['outputs']>[number];
export type Notebook = z.output<typeof NotebookFile>;

/** HubError `notebook_invalid` says what is wrong with the file. */
export function parseNotebook(text: string, name: string): Notebook {
  try {
    return NotebookFile.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : error instanceof Error ? error.message : String(error);
    throw new HubError('notebook_invalid', `${name} is no notebook of format 4: ${reason}`, { status: 422, cause: error });
  }
}

export const hasTag = ({ metadata }: Cell, tag: string): boolean => metadata.tags?.includes(tag) ?? false;

/** The text as Jupyter writes it: lines as an array, so that a change of one line is a change of one line. */
const linesOf = (text: string): string[] => text.split(/(?<=\n)/u);

export const notebookText = (notebook: Notebook): string =>
  `${JSON.stringify({ ...notebook, cells: notebook.cells.map((cell) => ({ ...cell, source: linesOf(cell.source) })) }, null, 1)}\n`;

/** The first heading, and the first paragraph after it. */
export function headOf({ cells }: Notebook): { readonly title: string | null; readonly summary: string | null } {
  const text = cells.find(({ cell_type: type }) => type === 'markdown')?.source ?? '';
  const title = /^#\s+(.+)$/mu.exec(text)?.[1]?.trim() ?? null;
  const summary = text
    .split(/\n\s*\n/u)
    .find((paragraph) => !/^\s*#/u.test(paragraph))
    ?.replaceAll(/\s+/gu, ' ')
    .trim();
  return { title, summary: summary === undefined || summary === '' ? null : summary };
}
