import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../../core/contract.ts';
import dashboard from '../../../plugins/dashboard/index.ts';
import { serve } from '../../core/http/client.ts';
import { startTestHub, type TestHub } from '../../kit/hub.ts';
import { createWorld } from './world.ts';

const world = createWorld();
let hub: TestHub;
let browser: Browser;
let folder: string;
let scrapes: NodeJS.Timeout;
/** What the browser complained about; the page must be free of errors of its own. */
const complaints: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'novacron-page-'));
  const configFile = fileURLToPath(new URL('../../../plugins/dashboard/vite.config.ts', import.meta.url));
  // React builds itself for development unless told otherwise.
  vi.stubEnv('NODE_ENV', 'production');
  await build({ configFile, logLevel: 'silent', build: { outDir: folder } });
  vi.unstubAllEnvs();
  hub = await startTestHub({ plugins: [world.plugin, { ...dashboard, pages: { '/': pathToFileURL(`${folder}/`) } }] });
  for (const name of ['web-1', 'web-2', 'db-1'])
    world.vms.set(`id-${name}`, { id: `id-${name}`, name, tags: ['prod'], memoryBytes: 2 ** 30, state: 'running' });
  for (let ago = 300_000; ago > 0; ago -= 10_000) await world.scrape(Date.now() - ago);
  scrapes = setInterval(() => void world.scrape(Date.now()), 500);
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
});
afterAll(async () => {
  clearInterval(scrapes);
  await browser.close();
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  const [complaint] = complaints.splice(0);
  if (complaint !== undefined) throw new Error(`The browser complained: ${complaint}`);
});

async function open(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(40_000);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Answers that are refusals, and a socket that finds no hub, are what some tests are about.
    if (message.type() === 'error' && !/^Failed to load resource|^WebSocket connection/u.test(message.text()))
      complaints.push(message.text());
  });
  return page;
}

async function openAs(role: 'admin' | 'operator' | 'viewer', options: BrowserContextOptions = {}): Promise<Page> {
  const page = await open(options);
  await page.goto(`${hub.url}/#link=${await hub.identity.createSignInLink(hub.as(role).id)}`);
  await page.getByRole('heading', { name: 'VMs' }).waitFor();
  return page;
}

describe('the sign-in', () => {
  it('says that a link was used already, and lets in with a password, again after a reload', async () => {
    const code = await hub.identity.createSignInLink(hub.as('operator').id);
    await hub.identity.redeemSignInLink(code);
    const page = await open();
    await page.goto(`${hub.url}/#link=${code}`);
    await page.getByRole('alert').waitFor();
    expect(page.url()).not.toContain(code);
    await hub.identity.setPassword(hub.as('operator').id, new Secret('correct horse battery staple'));
    await page.getByLabel('Name').fill('operator.default');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('auth', { exact: false }).or(page.getByRole('alert')).first().waitFor();
    await page.getByLabel('Password').fill('correct horse battery staple');
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'web-1' }).waitFor();
    expect(await page.evaluate(() => document.cookie)).toBe('');
    await page.getByRole('button', { name: /Account/u }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.context().close();
  });
});

describe('a hub that asks for patience while the page loads', () => {
  it('signs nobody out: the page asks again by itself', async () => {
    const page = await openAs('operator');
    const refused = { code: 'rate_limited', status: 429, detail: 'Too many requests; try again in 2 s.' };
    await page.route('**/auth/refresh', (route) => route.fulfill({ status: 429, contentType: 'application/problem+json', json: refused }), {
      times: 1,
    });
    await page.reload();
    await page.getByText('Too many requests').waitFor();
    const again = page.getByRole('link', { name: 'web-1' });
    await again.waitFor();
    expect(await again.count()).toBe(1);
    await page.context().close();
  });
});

describe('the list', () => {
  it('shows CPU and memory as they are measured, without being asked again', async () => {
    const page = await openAs('viewer');
    const cpu = page.getByRole('meter', { name: 'CPU of web-1' });
    await cpu.waitFor();
    const before = await cpu.getAttribute('aria-valuetext');
    await expect.poll(() => cpu.getAttribute('aria-valuetext'), { timeout: 40_000 }).not.toBe(before);
    expect(await page.getByRole('meter', { name: 'Memory of web-1' }).getAttribute('aria-valuetext')).toMatch(/MiB of 1 GiB/u);
    expect(await page.getByRole('button', { name: 'Create VM' }).count()).toBe(0);
    await page.context().close();
  });

  it('says when the hub is away, and goes on by itself when it is back', async () => {
    const pages = new Map([['/', pathToFileURL(`${folder}/`)]]);
    const first = await serve(hub, { pages });
    const page = await open();
    await page.goto(`${first.url}/#link=${await hub.identity.createSignInLink(hub.as('viewer').id)}`);
    await page.getByText('Live').waitFor();
    await first.close();
    await page.getByText('Connecting').waitFor();
    const second = await serve(hub, { pages, config: { host: '127.0.0.1', port: Number(new URL(first.url).port) } });
    await page.getByText('Live').waitFor();
    expect(await page.getByRole('link', { name: 'web-1' }).count()).toBe(1);
    await page.context().close();
    await second.close();
  });
});

describe('an action', () => {
  it('is a form that shows errors at their field, then a job with progress, then its result', async () => {
    const page = await openAs('operator');
    await page.getByRole('button', { name: 'Create VM' }).click();
    const dialog = page.getByRole('dialog');
    const name = dialog.getByRole('textbox', { name: 'Name' });
    await name.fill('Not A Name');
    await page.keyboard.press('Enter');
    await dialog.getByText('must be lower-case letters').waitFor();
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    await name.fill('fresh-1');
    await page.keyboard.press('Enter');
    await dialog.getByRole('progressbar').waitFor();
    await dialog.getByText("'fresh-1' is running.").waitFor();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: 'fresh-1' }).waitFor();
    await page.getByRole('link', { name: 'Jobs' }).click();
    await page.getByText('Create a VM').first().waitFor();
    await page.context().close();
  });

  it('shows its plan and does nothing until it is confirmed; Escape withdraws the question', async () => {
    const page = await openAs('admin');
    await page.getByRole('link', { name: 'web-2' }).click();
    await page.getByRole('button', { name: 'Shut down' }).click();
    await page.getByText('its users notice').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.getByRole('dialog').count()).toBe(0);
    expect(world.vms.get('id-web-2')?.state).toBe('running');
    await page.getByRole('button', { name: 'Shut down' }).click();
    await page.getByRole('button', { name: /^Confirm/u }).click();
    await page.getByRole('dialog').getByText('succeeded').waitFor();
    expect(world.vms.get('id-web-2')?.state).toBe('shut-off');
    // Its own button goes with the VM's new state; what came of it stays to be read.
    await page.getByRole('button', { name: 'Start', includeHidden: true }).waitFor({ state: 'attached' });
    expect(await page.getByRole('dialog').getByText('succeeded').isVisible()).toBe(true);
    await page.context().close();
  });

  it('picks things by searching, and shows what a guest wrote as text only', async () => {
    const page = await openAs('operator');
    await page.goto(`${hub.url}/vms/id-db-1`);
    await page.getByRole('button', { name: 'Copy' }).click();
    const picker = page.getByRole('combobox', { name: 'Settings of' });
    await picker.fill('web');
    await page.getByRole('option', { name: /web-1/u }).waitFor();
    await expect.poll(() => page.getByRole('option', { name: /db-1/u }).count()).toBe(0);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await picker.inputValue()).toBe('web-1');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('button', { name: 'Console' }).click();
    await page.getByText('<script>alert(1)</script>').waitFor();
    await page.context().close();
  });
});

describe('one VM', () => {
  it('has charts that say in words what they show', async () => {
    const page = await openAs('viewer');
    await page.getByRole('link', { name: 'web-1' }).click();
    const chart = page.getByRole('img', { name: /CPU of web-1\. web-1: now/u });
    await chart.waitFor();
    expect(await chart.locator('canvas').count()).toBe(1);
    await page.getByRole('button', { name: '1 h' }).click();
    await chart.waitFor();
    await page.goto(`${hub.url}/vms/nothing`);
    await page.getByText('There is no such VM').waitFor();
    await page.context().close();
  });
});

describe('the page', () => {
  it('is used by keyboard alone: a form opens, keeps the focus inside, and gives it back', async () => {
    const page = await openAs('operator');
    await page.getByRole('button', { name: 'Create VM' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    const isInside = (): Promise<boolean> =>
      page.evaluate(() => document.activeElement?.closest('[role=dialog],[data-base-ui-focus-guard]') !== null);
    // It is drawn a frame before it takes the focus, and from its last element to its first the way leads out of the document for a moment.
    const comesInside = () => expect.poll(isInside).toBe(true);
    await comesInside();
    for (let press = 0; press < 15; press += 1) {
      await page.keyboard.press('Tab');
      await comesInside();
    }
    await page.keyboard.press('Escape');
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toContain('Create VM');
    await page.context().close();
  });

  it('fits a phone without scrolling sideways, in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await openAs('admin', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, colorScheme });
      for (const path of ['/', '/vms/id-web-1', '/jobs', '/actions']) {
        await page.goto(`${hub.url}${path}`);
        await page.getByRole('heading', { level: 1 }).waitFor();
        expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)).toBe(true);
      }
      const nav = await page.getByRole('navigation', { name: 'Main' }).boundingBox();
      expect((nav?.y ?? 0) + (nav?.height ?? 0)).toBeGreaterThan(700);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(paper).toBe(colorScheme === 'dark' ? 'rgb(20, 24, 26)' : 'rgb(246, 247, 246)');
      await page.context().close();
    }
  });
});
