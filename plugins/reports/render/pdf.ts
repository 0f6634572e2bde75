import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { HubError } from 'novacron/plugin';

const run = promisify(execFile);
const TIMEOUT_MS = 60_000;

/** What a browser does that only prints a page: nothing over the network. */
const FLAGS = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
  '--no-pdf-header-footer',
  // A proxy that is not there, for loopback too.
  '--proxy-server=127.0.0.1:9',
  '--proxy-bypass-list=<-loopback>',
];

export interface PdfOptions {
  /** Path of the browser. */
  readonly chromium: string;
  readonly signal: AbortSignal;
}

/** Prints the page `html` into the file `pdf`. HubError `report_pdf` says what is missing. */
export async function printPdf(html: string, pdf: string, { chromium, signal }: PdfOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'novacron-pdf-'));
  const made = join(folder, 'report.pdf');
  // The browser's own walls need a user other than root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const args = [...FLAGS, ...asRoot, `--user-data-dir=${join(folder, 'profile')}`, `--print-to-pdf=${made}`, pathToFileURL(html).href];
  try {
    await run(chromium, args, { timeout: TIMEOUT_MS, signal, killSignal: 'SIGKILL' });
    await rename(made, pdf).catch(() => Promise.reject(new Error('no file was written')));
  } catch (error) {
    signal.throwIfAborted();
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const message = isMissing
      ? `${chromium} is not installed; on Debian: apt-get install chromium. The report can be read as HTML meanwhile.`
      : `The browser could not print the report: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
    throw new HubError('report_pdf', message, { status: 503, cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
