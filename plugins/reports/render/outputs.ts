import type { Notebook, NotebookOutput } from '../runner/notebook.ts';
import type { HeadlineFigure } from '../store.ts';

/** The media type of the figures that a report says first; the helper of notebooks writes it. */
export const HEADLINE = 'application/vnd.novacron.headline+json';

const FIGURES_MAX = 8;
const PICTURES_MAX = 20;

export interface ReportPicture {
  readonly title: string;
  /** What a person who cannot see it should be told. */
  readonly alt: string;
  readonly base64: string;
}

export const outputsOf = ({ cells }: Notebook): NotebookOutput[] => cells.flatMap(({ outputs = [] }) => outputs);

export const dataOf = (output: NotebookOutput): Readonly<Record<string, unknown>> =>
  typeof output['data'] === 'object' && output['data'] !== null ? (output['data'] as Record<string, unknown>) : {};

/** Files of other programs hold text as a list of lines. */
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : '');

const isFigure = (value: unknown): value is HeadlineFigure =>
  typeof value === 'object' &&
  value !== null &&
  'label' in value &&
  'value' in value &&
  typeof value.label === 'string' &&
  typeof value.value === 'string';

export const headlineOf = (notebook: Notebook): HeadlineFigure[] =>
  outputsOf(notebook)
    .flatMap((output) => [dataOf(output)[HEADLINE] ?? []].flat())
    .filter(isFigure)
    .slice(0, FIGURES_MAX);

/** The pictures in order; the first sentence of the text beside one is its title. */
export const picturesOf = (notebook: Notebook): ReportPicture[] =>
  outputsOf(notebook)
    .flatMap((output) => {
      const data = dataOf(output);
      const base64 = textOf(data['image/png']).replaceAll(/\s/gu, '');
      const alt = textOf(data['text/plain']).trim() || 'A picture';
      return base64 === '' ? [] : [{ title: (alt.split(/[.:](?:\s|$)/u)[0] ?? alt).slice(0, 100), alt: alt.slice(0, 500), base64 }];
    })
    .slice(0, PICTURES_MAX);
