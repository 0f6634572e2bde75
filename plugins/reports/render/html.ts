import { stripVTControlCharacters } from 'node:util';
import { Marked } from 'marked';
import { hasTag, type Cell, type Notebook, type NotebookOutput } from '../runner/notebook.ts';
import type { Run } from '../store.ts';
import { escapeHtml } from './escape.ts';
import { dataOf, textOf } from './outputs.ts';
import { REPORT_POLICY } from './policy.ts';
import { STYLE } from './style.ts';

const marked = new Marked({ gfm: true });

/** The policy of the page forbids scripts and fetches, but not that a page leads its reader elsewhere by itself, or says where its links begin. */
const staying = (html: string): string => html.replaceAll(/<(?=(?:meta|base)\b)/giu, '&lt;');
const proseOf = (text: string): string => `<div class="prose">${staying(marked.parse(text, { async: false }))}</div>`;

const utc = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

function pictureOf(data: Readonly<Record<string, unknown>>, metadata: unknown): string | null {
  const png = textOf(data['image/png']).replaceAll(/\s/gu, '');
  const svg = textOf(data['image/svg+xml']);
  const source =
    png !== '' ? `data:image/png;base64,${png}` : svg !== '' ? `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}` : null;
  if (source === null) return null;
  const size = (metadata as { readonly 'image/png'?: { readonly width?: number } } | undefined)?.['image/png']?.width;
  return `<img src="${source}" alt="${escapeHtml(textOf(data['text/plain']).slice(0, 500))}"${typeof size === 'number' ? ` width="${size}"` : ''}>`;
}

function outputHtml(output: NotebookOutput): string {
  if (output.output_type === 'stream')
    return `<pre class="text ${output['name'] === 'stderr' ? 'warn' : ''}">${escapeHtml(stripVTControlCharacters(textOf(output['text'])))}</pre>`;
  if (output.output_type === 'error') {
    const lines = Array.isArray(output['traceback']) ? output['traceback'].join('\n') : '';
    return `<pre class="text bad">${escapeHtml(stripVTControlCharacters(lines))}</pre>`;
  }
  const data = dataOf(output);
  const picture = pictureOf(data, output['metadata']);
  if (picture !== null) return `<figure>${picture}</figure>`;
  if (data['text/html'] !== undefined) return `<div class="html">${staying(textOf(data['text/html']))}</div>`;
  if (data['text/markdown'] !== undefined) return proseOf(textOf(data['text/markdown']));
  return `<pre class="text">${escapeHtml(textOf(data['text/plain']))}</pre>`;
}

function cellHtml(cell: Cell): string {
  if (cell.cell_type === 'markdown') return proseOf(cell.source);
  if (cell.cell_type === 'raw') return '';
  const isQuiet = hasTag(cell, 'parameters') || hasTag(cell, 'injected-parameters');
  const code = `<pre class="code">${escapeHtml(cell.source)}</pre>`;
  return `<section class="cell">${code}${isQuiet ? '' : (cell.outputs ?? []).map(outputHtml).join('')}</section>`;
}

function factsOf({ parameters, dataWindow, userName, versions, startedAt, endedAt, id, isolation }: Run): string {
  const rows: [string, string][] = [
    ['Run', id],
    ['By', userName],
    [
      'Parameters',
      Object.entries(parameters)
        .map(([name, value]) => `${name} = ${JSON.stringify(value)}`)
        .join(', ') || 'as declared',
    ],
    [
      'Data',
      dataWindow?.from && dataWindow.to
        ? `${utc(dataWindow.from)} to ${utc(dataWindow.to)}, ${dataWindow.questions} questions`
        : 'no measurements',
    ],
    ['Took', endedAt === null ? '' : `${((endedAt - startedAt) / 1000).toFixed(1)} s`],
    ['Versions', `hub ${versions.hub}, node ${versions.node}, notebook ${versions.notebook.slice(0, 12)}`],
    ['Confined', isolation === null ? '' : `network ${isolation.network}, files ${isolation.files}, limits by ${isolation.resources}`],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `<dt>${label}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('');
}

/** A page that stands alone: no script, nothing fetched. Code is hidden until the reader asks for it. */
export function reportHtml(notebook: Notebook, run: Run): string {
  const failure = run.failure === null ? '' : `<p class="failed"><b>This run failed.</b> ${escapeHtml(run.failure.message)}</p>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${REPORT_POLICY}">
<title>${escapeHtml(run.title)}</title><style>${STYLE}</style></head>
<body><input type="checkbox" id="code"><header><span class="brand">NovaCron</span><span>${utc(run.at)}</span><label for="code">Show the code</label></header>
<main>${failure}${notebook.cells.map(cellHtml).join('\n')}</main>
<footer><dl>${factsOf(run)}</dl></footer></body></html>
`;
}
