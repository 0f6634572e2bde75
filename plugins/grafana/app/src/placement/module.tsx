import { PanelPlugin } from '@grafana/data';
import { PlacementMap, type MapOptions } from './placement-map.tsx';

export const plugin = new PanelPlugin<MapOptions>(PlacementMap).setPanelOptions((builder) =>
  builder.addRadio({
    path: 'by',
    name: 'Width',
    description: 'What the width of a block stands for',
    defaultValue: 'memory',
    settings: {
      options: [
        { value: 'memory', label: 'Memory' },
        { value: 'cpu', label: 'CPUs' },
      ],
    },
  }),
);
