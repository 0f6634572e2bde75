import type { GrafanaTools } from '../config.ts';

/** Loaded when somebody asks: the builders take ten megabytes that a hub without Grafana need not have. */
const boards = () => import('./all.ts');

/** The dashboards that ship, as JSON that Grafana imports. */
export const dashboardEndpoints = ({ endpoint }: GrafanaTools) => ({
  'GET /dashboards': endpoint({
    help: 'The dashboards that ship',
    async handle() {
      const { BOARD_NAMES, buildDashboard } = await boards();
      const dashboards = BOARD_NAMES.map((name) => {
        const { uid, title, description } = buildDashboard(name);
        return { name, uid, title, description };
      });
      return Response.json({ dashboards });
    },
  }),
  'GET /dashboards/:name': endpoint({
    help: 'A dashboard as JSON for Grafana',
    handle: async ({ params }) => Response.json((await boards()).buildDashboard((params['name'] ?? '').replace(/\.json$/, ''))),
  }),
});
