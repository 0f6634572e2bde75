import type { GrafanaTheme2 } from '@grafana/data';

/** Colour of a VM's state: what runs is green, what needs somebody is red. */
export function stateColor({ visualization }: GrafanaTheme2, state: string): string {
  const name = STATES[state] ?? 'gray';
  return visualization.getColorByName(name);
}

const STATES: Readonly<Record<string, string>> = {
  running: 'green',
  paused: 'yellow',
  suspended: 'yellow',
  'shutting-down': 'blue',
  creating: 'blue',
  crashed: 'red',
  missing: 'red',
  unknown: 'orange',
  unreachable: 'red',
  connected: 'green',
};
