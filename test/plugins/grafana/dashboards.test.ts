import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BOARD_NAMES, buildDashboard } from '../../../plugins/grafana/dashboards/all.ts';
import type { FrameJson } from '../../../plugins/grafana/frames.ts';
import { START_TIMEOUT_MS, startWorld, type World } from './world.ts';

interface Target {
  readonly refId: string;
  readonly kind: string;
  readonly targets?: readonly string[];
}
interface Shown {
  readonly title?: string;
  readonly targets?: readonly Target[];
}

describe('the dashboards that ship', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  }, START_TIMEOUT_MS);
  afterAll(() => world.hub[Symbol.asyncDispose]());

  const CHOSEN: Readonly<Record<string, string>> = { $vm: 'name-of-mine', $host: 'h1', $tenant: 'default' };
  /** As the data source does: variables become what was chosen. */
  const fill = (target: Target): unknown =>
    JSON.parse(JSON.stringify(target), (_, value: unknown) => (typeof value === 'string' ? (CHOSEN[value] ?? value) : value));

  const panelsOf = (name: string): Shown[] => (buildDashboard(name).panels ?? []) as Shown[];

  test.each(BOARD_NAMES)('every query of %s is answered on recorded samples', { timeout: 60_000 }, async (name) => {
    const now = Date.now();
    for (const { title, targets = [] } of panelsOf(name)) {
      const { status, body } = await world.query({ from: now - 86_400_000, to: now, queries: targets.map(fill) }, 'admin');
      const answer = body as unknown as { frames: FrameJson[]; errors: unknown[] };
      const isMeasured = targets.some(({ kind }) => kind === 'metric' || kind === 'sql');
      const isEmpty = isMeasured && (answer.frames[0]?.data.values[0]?.length ?? 0) === 0;
      expect({ title, status, errors: answer.errors, isEmpty }).toEqual({ title, status: 200, errors: [], isEmpty: false });
    }
  });

  test.each(BOARD_NAMES)('every variable of %s has values', async (name) => {
    const variables = (buildDashboard(name).templating?.list ?? []) as { type: string; query?: { of?: string } }[];
    for (const { type, query } of variables) {
      if (type !== 'query') continue;
      expect((await world.get(`/variables?of=${query?.of}`, 'admin')).body['values']).not.toEqual([]);
    }
  });

  test('the board of a tenant shows what belongs to that tenant and nothing else, to an admin as well', async () => {
    const now = Date.now();
    const things = new Set<string>();
    for (const { targets = [] } of panelsOf('tenant')) {
      expect(JSON.stringify(targets)).toContain('$tenant');
      const { body } = await world.query({ from: now - 86_400_000, to: now, queries: targets.map(fill) }, 'admin');
      for (const frame of (body as unknown as { frames: FrameJson[] }).frames) {
        const names = frame.schema.fields.findIndex(({ name }) => name === 'name');
        for (const name of frame.data.values[names] ?? [frame.schema.fields[1]?.labels?.['name'] ?? frame.schema.name])
          things.add(String(name));
      }
    }
    expect(things).toContain('name-of-mine');
    expect(things).toContain('db-1');
    expect(things).not.toContain('name-of-theirs');
  });

  test('they are served as JSON under their names, each with an id of its own', async () => {
    const { dashboards } = (await world.get('/dashboards')).body as { dashboards: { name: string; uid: string }[] };
    expect(dashboards.map(({ name }) => name)).toEqual(['fleet', 'host', 'vm', 'tenant', 'forecast', 'incidents', 'hub']);
    expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(7);
    expect((await world.get('/dashboards/vm.json')).body).toMatchObject({ uid: 'novacron-vm', title: 'NovaCron: VM' });
    expect((await world.get('/dashboards/nothing')).body['code']).toBe('grafana_dashboard_unknown');
  });
});
