import { HubError } from 'novacron/plugin';
import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { forecast, hub, incidents } from './insight.ts';
import { fleet, host, tenant, vm } from './machines.ts';

const BOARDS = { fleet, host, vm, tenant, forecast, incidents, hub };

export const BOARD_NAMES = Object.keys(BOARDS) as readonly (keyof typeof BOARDS)[];

/** Errors: HubError `grafana_dashboard_unknown`. */
export function buildDashboard(name: string): Dashboard {
  const known = BOARD_NAMES.find((one) => one === name);
  if (known !== undefined) return BOARDS[known]().build();
  throw new HubError('grafana_dashboard_unknown', `There is no dashboard '${name.slice(0, 40)}'. There are: ${BOARD_NAMES.join(', ')}.`, {
    status: 404,
  });
}
