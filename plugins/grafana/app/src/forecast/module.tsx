import { FieldConfigProperty, PanelPlugin } from '@grafana/data';
import { ForecastBand, type BandOptions } from './forecast-band.tsx';

export const plugin = new PanelPlugin<BandOptions>(ForecastBand)
  .useFieldConfig({ disableStandardOptions: [FieldConfigProperty.Thresholds, FieldConfigProperty.Mappings, FieldConfigProperty.Links] })
  .setPanelOptions((builder) =>
    builder.addBooleanSwitch({
      path: 'hasScore',
      name: 'Score',
      description: 'How good the forecast is, by its own record',
      defaultValue: true,
    }),
  );
