import type { GrafanaTools } from '../config.ts';
import { createReceiver } from './receive.ts';

const BODY_BYTES_MAX = 64 * 2 ** 20;

export function prometheusEndpoints({ endpoint }: GrafanaTools) {
  return {
    'POST /prometheus/api/v1/write': endpoint({
      help: 'Takes samples by Prometheus remote write 1.0, for those who may import metrics',
      bodyBytesMax: BODY_BYTES_MAX,
      handle: createReceiver(),
    }),
  };
}
