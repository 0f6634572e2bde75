import { PanelPlugin } from '@grafana/data';
import { VmGrid, type GridOptions } from './vm-grid.tsx';

export const plugin = new PanelPlugin<GridOptions>(VmGrid).setPanelOptions((builder) =>
  builder
    .addBooleanSwitch({
      path: 'hasActions',
      name: 'Buttons',
      description: 'What can be done to a VM, with confirmation',
      defaultValue: true,
    })
    .addRadio({
      path: 'groupBy',
      name: 'Group by',
      defaultValue: 'none',
      settings: { options: ['none', 'host', 'tenant', 'state'].map((value) => ({ value, label: value })) },
    }),
);
