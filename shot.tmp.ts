import { chromium } from 'playwright-core';
import { readFileSync } from 'node:fs';
const log = readFileSync('/tmp/watch-aud/hub.log', 'utf8');
const link = process.argv[2] === 'link' ? log.match(/http\S+#link=\S+/)![0] : '';
const b = await chromium.launchPersistentContext('/tmp/watch-aud/chrome', {
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  viewport: { width: 1300, height: 900 },
});
const p = await b.newPage();
p.on('console', (m) => {
  if (m.type() === 'error') console.log('CONSOLE', m.text());
});
if (link) {
  await p.goto(link);
  await p.waitForTimeout(2500);
  await p.screenshot({ path: '/tmp/watch-aud/s0.png' });
}
for (const [i, path] of process.argv.slice(3).entries()) {
  await p.goto('http://127.0.0.1:17780/' + path);
  await p.waitForTimeout(3000);
  await p.screenshot({ path: `/tmp/watch-aud/s${i + 1}.png` });
  console.log(path, (await p.innerText('body')).slice(0, 1500));
}
await b.close();
