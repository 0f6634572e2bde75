import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Gauge, Histogram, type Registry } from 'prom-client';
import type { Streams } from './streams.ts';

/** Figures of the process and of HTTP, for Prometheus. */
export function registerMeasures(app: FastifyInstance, registry: Registry, streams: Streams): void {
  if (registry.getSingleMetric('process_cpu_seconds_total') === undefined) collectDefaultMetrics({ register: registry });
  const durations = new Histogram({
    name: 'novacron_http_request_duration_seconds',
    help: 'Time to answer a request, by route and status.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60],
    registers: [registry],
  });
  const open = new Gauge({
    name: 'novacron_http_streams',
    help: 'Live connections that are open.',
    registers: [],
    collect() {
      this.set(streams.count());
    },
  });
  registry.registerMetric(open);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none';
    durations.observe({ method: request.method, route, status: String(reply.statusCode) }, reply.elapsedTime / 1000);
  });
}
