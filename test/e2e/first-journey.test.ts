import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { build } from 'vite';
import sandbox from '../../bots/sandbox/index.ts';
import slack from '../../bots/slack/index.ts';
import { TINY_READY } from '../../core/setup/tiny-image.ts';
import analytics from '../../plugins/analytics/index.ts';
import { importHistory } from '../../plugins/analytics/demo/import-history.ts';
import charts from '../../plugins/charts/index.ts';
import monitoring from '../../plugins/monitoring/index.ts';
import { startTestHub, type TestHub } from '../kit/hub.ts';
import { startLibvirtHost } from '../kit/libvirt-host.ts';
import { onHost } from '../plugins/hypervisor/kit.ts';

const SLOW = { timeout: 60_000 };
const stack = new AsyncDisposableStack();
let hub: TestHub;
let browser: Browser;

beforeAll(async () => {
  await build({ configFile: fileURLToPath(new URL('../../bots/sandbox/vite.config.ts', import.meta.url)), logLevel: 'error' });
  const host = stack.use(await startLibvirtHost());
  const plugins = [
    await onHost(host),
    { plugin: monitoring, config: { everySeconds: 1 } },
    charts,
    analytics,
    { plugin: sandbox, config: { port: 0 } },
    slack,
  ];
  hub = stack.use(await startTestHub({ plugins }));
  const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args });
  stack.defer(() => browser.close());
});
afterAll(() => stack.disposeAsync());

/** The chat page as one person uses it. */
async function openPage(user: string): Promise<Page> {
  const address = hub.announcements().find(({ label }) => label === 'Chat sandbox')?.text ?? '';
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  await page.goto(`${address}&user=${user}`);
  return page;
}

const composer = (page: Page): Locator => page.getByRole('textbox', { name: 'Message # ops' });

async function type(page: Page, line: string): Promise<void> {
  await composer(page).fill(line);
  await composer(page).press('Enter');
}

const message = (page: Page, ...parts: readonly (string | RegExp)[]): Locator =>
  parts.reduce<Locator>((found, part) => found.filter({ hasText: part }), page.getByRole('log').getByRole('article')).last();

/** 14 days of generated history for this VM, so that there is something to forecast from. */
async function giveHistory(name: string): Promise<void> {
  const { id, vcpus, memoryBytes } = (await hub.run('vm.get', { vm: name })) as { id: string; vcpus: number; memoryBytes: number };
  const to = Date.now() - 60_000;
  const range = { from: to - 14 * 86_400_000, to };
  await importHistory(hub.metrics, { vm: { id, kind: 'web', vcpus, memoryBytes }, range }, AbortSignal.timeout(60_000));
}

it('creates a VM from chat, measures, forecasts, stops, deletes it and brings it back', async () => {
  const page = await openPage('U0OPERATOR');

  // Slash-command completion leads to the command.
  await composer(page).pressSequentially('/nova vm cr');
  await page.getByRole('option', { name: /vm create/ }).waitFor();
  await composer(page).press('Tab');
  await composer(page).pressSequentially('web-1');
  await composer(page).press('Enter');
  const created = message(page, 'Create a VM', 'running');
  await created.waitFor(SLOW);
  expect(await created.getByRole('img', { name: '✅' }).count()).toBe(1);
  expect(await page.getByRole('article').filter({ hasText: 'Create a VM' }).count()).toBe(1);

  // A real guest has booted: it says so on its console.
  await expect
    .poll(
      async () => {
        await type(page, '/nova vm console read web-1');
        await message(page, 'Only visible to you').waitFor();
        return page.getByRole('log').innerText();
      },
      { timeout: 60_000, interval: 2_000 },
    )
    .toContain(TINY_READY);

  // Its CPU stands in the store.
  const { id } = (await hub.run('vm.get', { vm: 'web-1' })) as { id: string };
  await expect.poll(() => hub.metrics.latest('vm', [id]).length, SLOW).toBe(1);

  // The forecast picture comes into the thread.
  await giveHistory('web-1');
  await type(page, '/nova forecast vm web-1');
  await page.getByRole('button', { name: '1 reply' }).click(SLOW);
  const picture = page.getByRole('region', { name: 'Thread' }).getByRole('figure').getByRole('img');
  await picture.waitFor(SLOW);
  await expect.poll(() => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth), SLOW).toBeGreaterThan(600);
  expect(await picture.getAttribute('alt')).toMatch(/web-1/);
  await page.getByRole('button', { name: 'Close thread' }).click();

  // What a guest notices is asked first; the question becomes the message of the job.
  const confirm = async (line: string, button: RegExp, end: RegExp): Promise<void> => {
    await type(page, line);
    const question = message(page, 'can answer');
    await question.getByRole('button', { name: button }).click(SLOW);
    await message(page, end).getByRole('img', { name: '✅' }).waitFor(SLOW);
  };
  await confirm('/nova vm shutdown web-1', /^Yes/, /shut.off/i);
  await confirm('/nova vm delete web-1', /^Yes/, /Delete a VM/);
  expect(await hub.run('vm.list', {})).toMatchObject({ vms: [] });

  // Somebody who only looks may not bring it back; the operator may.
  const looking = await openPage('U0VIEWER');
  await type(looking, '/nova vm restore web-1');
  await message(looking, 'I do not know').waitFor(SLOW);
  await type(page, '/nova vm restore web-1');
  await message(page, 'Restore a VM').getByRole('img', { name: '✅' }).waitFor(SLOW);
  expect(await hub.run('vm.list', {})).toMatchObject({ vms: [{ id, name: 'web-1' }] });
}, 240_000);

it('asks for missing words in a form that works by keyboard', async () => {
  const page = await openPage('U0OPERATOR');
  await type(page, '/nova vm rename');
  const form = page.getByRole('dialog');
  await form.waitFor();
  await page.keyboard.type('web');
  await form.getByRole('option', { name: 'web-1' }).waitFor();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await form.waitFor({ state: 'hidden' });
  expect(await page.evaluate(() => document.querySelectorAll('dialog[open]').length)).toBe(0);
});

it('fits a phone, in dark colours', async () => {
  const page = await openPage('U0VIEWER');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 390, height: 800 });
  await page.getByRole('button', { name: 'Channels' }).click();
  await page.getByRole('button', { name: 'Operator' }).click();
  await type(page, '/nova vm list');
  await message(page, 'web-1').waitFor(SLOW);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const [ground, ink] = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
  const lightness = (colour: string | undefined): number => Number(/\d+/.exec(colour ?? '')?.[0]);
  expect(lightness(ground)).toBeLessThan(60);
  expect(lightness(ink)).toBeGreaterThan(180);
});
