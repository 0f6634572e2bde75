import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';
import { Charts } from './port.ts';
import { createRenderer } from './renderer.ts';

const config = z.object({
  idleSeconds: z.number().min(1).default(60).meta({ description: 'The drawing thread ends after so long without a chart' }),
  timeoutSeconds: z.number().min(1).default(10),
  waitingMax: z.int().min(1).default(32),
});

export default definePlugin({ name: 'charts', api: 1, config, needs: {}, provides: { charts: Charts } }, () => ({
  start({ config: { idleSeconds, timeoutSeconds, waitingMax }, defer }) {
    const renderer = createRenderer({ idleMs: idleSeconds * 1000, timeoutMs: timeoutSeconds * 1000, waitingMax });
    defer(() => renderer.close());
    return {
      charts: {
        forecast: (chart, { signal } = {}) => renderer.draw({ kind: 'forecast', chart }, signal),
        prepare: () => renderer.prepare(),
        picture: (chart, { signal } = {}) => renderer.draw({ kind: 'svg', chart }, signal),
        lines: (chart, { signal } = {}) => renderer.draw({ kind: 'lines', chart }, signal),
      },
    };
  },
}));
