import { definePlugin, type Plugin } from 'novacron/plugin';
import { z } from 'zod';
import { Incidents } from '../../plugins/monitoring/port.ts';
import { RECORDED_UNTIL, RECORDED_VMS } from './fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The night in which web-2 ran hot. */
export const HOT_SINCE = RECORDED_UNTIL - 77 * HOUR_MS;
export const HOT_UNTIL = HOT_SINCE + 5 * HOUR_MS;

/** Says of web-2 what a rule would have said. */
export function createTeller(): {
  readonly plugin: Plugin;
  tell(state: 'firing' | 'resolved', at: number, cpuRatio: number): Promise<void>;
} {
  let incidents: Incidents | undefined;
  const plugin = definePlugin({ name: 'teller', api: 1, config: z.object({}), needs: { incidents: Incidents }, provides: {} }, () => ({
    start({ services }) {
      incidents = services.incidents;
      return {};
    },
  }));
  return {
    plugin,
    async tell(state, at, cpuRatio) {
      const vm = RECORDED_VMS.find(({ name }) => name === 'web-2');
      await incidents?.raise([
        {
          key: `cpu-at-night/vm/${vm?.id}`,
          state,
          rule: { id: 'cpu-at-night', title: 'Busy at night' },
          severity: 'warning',
          subject: { kind: 'vm', id: vm?.id ?? '', name: 'web-2', tenant: 'default' },
          at,
          since: state === 'firing' ? HOT_SINCE + 10 * MINUTE_MS : at,
          summary: `web-2 uses ${Math.round(cpuRatio * 100)} % of its processors at three in the morning.`,
          values: { cpuRatio },
          actions: [{ action: 'vm.reboot', label: 'Restart it', input: { vm: vm?.id ?? '' } }],
        },
      ]);
    },
  };
}
