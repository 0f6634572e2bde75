import { definePlugin } from 'novacron/plugin';
import { appEndpoint } from './app-endpoint.ts';
import { config, needs } from './config.ts';
import { dashboardEndpoints } from './dashboards/endpoints.ts';
import { liveEndpoints } from './live.ts';
import { prometheusEndpoints } from './prometheus/endpoints.ts';
import { queryEndpoints } from './query/endpoints.ts';

export default definePlugin({ name: 'grafana', api: 1, config, needs, provides: {} }, (tools) => ({
  endpoints: {
    ...prometheusEndpoints(tools),
    ...queryEndpoints(tools),
    ...liveEndpoints(tools),
    ...dashboardEndpoints(tools),
    ...appEndpoint(tools),
  },
}));
