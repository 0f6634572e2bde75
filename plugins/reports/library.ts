import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HubError, type Log } from 'novacron/plugin';
import { headOf, parseNotebook, type Notebook } from './runner/notebook.ts';
import { parametersOf, type Parameter } from './runner/parameters.ts';

/** A notebook that can be run as a report; its name is that of its file. */
export interface Report {
  readonly name: string;
  readonly folder: string;
  readonly title: string;
  readonly summary: string | null;
  readonly parameters: readonly Parameter[];
  readonly notebook: Notebook;
  /** SHA-256 of the file. */
  readonly hash: string;
}

const REPORTS_MAX = 500;
const NAME = /^[a-z0-9][a-z0-9-]{0,60}$/u;

/** The notebooks of some folders, looked at each time: an analyst changes them while the hub runs. */
export class Library {
  readonly #folders: readonly string[];
  readonly #log: Log;
  /** By file: what was read, and the change of the file that it was read after. */
  readonly #known = new Map<string, { readonly changedAt: number; readonly report: Promise<Report> }>();

  constructor(folders: readonly string[], log: Log) {
    this.#folders = folders;
    this.#log = log;
  }

  async list(): Promise<Report[]> {
    const files = await this.#files();
    const reports = await Promise.allSettled([...files].map(([name, file]) => this.#read(name, file)));
    return reports
      .flatMap((report) => {
        if (report.status === 'fulfilled') return [report.value];
        this.#log.warn({ err: report.reason as unknown }, 'a notebook cannot be read');
        return [];
      })
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  async find(name: string): Promise<Report | undefined> {
    const file = (await this.#files()).get(name);
    return file === undefined ? undefined : this.#read(name, file);
  }

  /** HubError `report_unknown` (with the names there are), `notebook_invalid`, `notebook_parameters`. */
  async get(name: string): Promise<Report> {
    const found = await this.find(name);
    if (found !== undefined) return found;
    const names = [...(await this.#files()).keys()].toSorted().join(', ');
    throw new HubError('report_unknown', `There is no report '${name}'. There are: ${names}.`, { status: 404 });
  }

  async #read(name: string, file: string): Promise<Report> {
    const { mtimeMs: changedAt } = await stat(file);
    const known = this.#known.get(file);
    if (known?.changedAt === changedAt) return known.report;
    const report = read(name, file);
    this.#known.set(file, { changedAt, report });
    return report;
  }

  async #files(): Promise<Map<string, string>> {
    const files = new Map<string, string>();
    for (const folder of this.#folders)
      for (const file of await readdir(folder).catch(() => []))
        if (file.endsWith('.ipynb') && NAME.test(basename(file, '.ipynb')) && files.size < REPORTS_MAX)
          files.set(basename(file, '.ipynb'), join(folder, file));
    return files;
  }
}

async function read(name: string, file: string): Promise<Report> {
  const text = await readFile(file, 'utf8');
  const notebook = parseNotebook(text, basename(file));
  const { title, summary } = headOf(notebook);
  const hash = createHash('sha256').update(text).digest('hex');
  return { name, folder: join(file, '..'), title: title ?? name, summary, parameters: parametersOf(notebook), notebook, hash };
}
