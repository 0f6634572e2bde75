import type { GrafanaTools } from '../config.ts';
import { BOARD_NAMES, buildDashboard } from './all.ts';

/** The dashboards that ship, as JSON that Grafana imports. */
export const dashboardEndpoints = ({ endpoint }: GrafanaTools) => ({
  'GET /dashboards': endpoint({
    help: 'The dashboards that ship',
    handle: () =>
      Response.json({
        dashboards: BOARD_NAMES.map((name) => {
          const { uid, title, description } = buildDashboard(name);
          return { name, uid, title, description };
        }),
      }),
  }),
  'GET /dashboards/:name': endpoint({
    help: 'A dashboard as JSON for Grafana',
    handle: ({ params }) => Response.json(buildDashboard((params['name'] ?? '').replace(/\.json$/, ''))),
  }),
});
