/** Ids by which Grafana knows the parts of our app. */
export const APP_ID = 'novacron-hub-app';
export const DATASOURCE_ID = 'novacron-hub-datasource';
export const VM_GRID_ID = 'novacron-vmgrid-panel';
export const FORECAST_ID = 'novacron-forecast-panel';
export const PLACEMENT_ID = 'novacron-placement-panel';
