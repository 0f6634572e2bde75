import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tinyImage } from '../kit/tiny-image.ts';
import { startLab, type Lab } from './lab.ts';

let lab: Lab;
beforeAll(async () => {
  await tinyImage();
  lab = await startLab({ hosts: 2, storage: 'shared' });
}, 120_000);
afterAll(() => lab[Symbol.asyncDispose]());

const MOVE = 'virsh -q migrate --live --p2p --unsafe --persistent --undefinesource';

test('a guest that writes memory moves live over TCP and back over TLS, and somebody who talks to it notices a short gap at most', async () => {
  const guest = await lab.guest({ host: 'h1', name: 'mover' });
  const load = guest.dirty(4, 5);
  for (const [from, to, how] of [
    ['h1', 'h2', `mover ${lab.host('h2').uris.tcp}`],
    ['h2', 'h1', `--tls mover ${lab.host('h1').uris.tls}`],
  ] as const) {
    await using echo = await guest.echo();
    await lab.host(from).shell(`${MOVE} ${how}`);
    await sleep(300);
    const { sent, answered, longestGapMs } = await echo.result();
    expect((await guest.host()).name).toBe(to);
    expect(await lab.host(from).shell('virsh -q list --all --name')).toBe('');
    expect(answered).toBeGreaterThan(sent / 2);
    expect(longestGapMs).toBeLessThan(5000);
    console.log(`${from} to ${to}: longest gap ${longestGapMs.toFixed(0)} ms`);
  }
  await load;
});

test('guests on different hosts talk to each other, and the power failure of one host leaves the other guest', async () => {
  const [here, there] = await Promise.all([
    lab.guest({ host: 'h1', name: 'here' }),
    lab.guest({ host: 'h2', name: 'there', diskBytes: 0 }),
  ]);
  expect(await here.shell(`ping -c 1 -W 5 ${there.address} | grep received`)).toContain('1 packets received');
  await lab.host('h1').crash();
  await expect(here.host()).rejects.toThrow(`The guest here runs on no host of ${lab.name}.`);
  expect(await there.shell('hostname')).toBe('there');
  await lab.host('h1').up();
  expect(await lab.host('h1').shell('virsh -q domstate here')).toBe('shut off');
});

test('a guest writes memory at the rate that was asked, and what it cannot do is told', async () => {
  const guest = await lab.guest({ host: 'h2', name: 'writer', diskBytes: 0 });
  const said = await guest.shell(`echo 'burn dirty 5 3' | /sbin/console`);
  const mib = Number(/done: burn dirty 5 3, (\d+) MiB/.exec(said)?.[1]);
  expect(mib).toBeGreaterThanOrEqual(8);
  expect(mib).toBeLessThanOrEqual(15);
  await expect(guest.burn('memory 4000 1')).rejects.toThrow('MiB of memory can be burnt now');
  await expect(guest.shell('exit 3')).rejects.toThrow('exit code 3');
  await expect(lab.guest({ host: 'h2', name: 'No Name' })).rejects.toThrow("cannot be called 'No Name'");
  await expect(lab.guest({ host: 'h1', name: 'writer' })).rejects.toThrow('There is a guest writer in this lab already.');
});
