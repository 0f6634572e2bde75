import { definePlugin } from 'novacron/plugin';
import { config, needs } from './config.ts';
import { prometheusEndpoints } from './prometheus/endpoints.ts';

export default definePlugin({ name: 'grafana', api: 1, config, needs, provides: {} }, (tools) => ({
  endpoints: { ...prometheusEndpoints(tools) },
}));
