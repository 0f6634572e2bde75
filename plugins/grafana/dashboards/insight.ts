import { FORECAST_ID } from '../names.ts';
import { action, board, lines, metric, own, sql, stat, table, variable } from './parts.ts';

const RATIO = { unit: 'percentunit', max: 1 };

export const forecast = () =>
  board('forecast', 'forecast', 'What is ahead, how sure it is, and how good earlier forecasts were.')
    .time({ from: 'now-2d', to: 'now+1d' })
    .refresh('5m')
    .withVariable(variable('vm', 'vms', { label: 'VM' }))
    .withPanel(
      own(FORECAST_ID, 'CPU: the next day', {
        queries: [metric('vm.cpuRatio', { targets: ['$vm'], forecast: '24h', anomalies: true })],
        width: 12,
      }),
    )
    .withPanel(
      own(FORECAST_ID, 'Memory: the next day', {
        queries: [metric('vm.memoryUsedRatio', { targets: ['$vm'], forecast: '24h', anomalies: true })],
        width: 12,
      }),
    )
    .withPanel(
      own(FORECAST_ID, 'File systems: the next day', {
        queries: [metric('vm.filesystem.usedRatio', { targets: ['$vm'], forecast: '24h', anomalies: true })],
        width: 12,
      }),
    )
    .withPanel(own(FORECAST_ID, 'Hosts: the next day', { queries: [metric('host.memoryUsedRatio', { forecast: '24h' })], width: 12 }))
    .withPanel(table('How good forecasts of CPU were', action('forecast.scores', { metric: 'vm.cpuRatio', targets: ['$vm'] })))
    .withPanel(table('Recommendations', action('recommendation.list')))
    .withPanel(table('What was unusual', action('anomaly.list')));

export const incidents = () =>
  board('incidents', 'incidents', 'What is or was wrong, beside what was measured and done meanwhile.')
    .time({ from: 'now-24h', to: 'now' })
    .withPanel(table('Not resolved', action('incident.list', { state: 'unresolved' })))
    .withPanel(lines('CPU of hosts', metric('host.cpuRatio'), RATIO))
    .withPanel(lines('CPU of VMs', metric('vm.cpuRatio'), RATIO))
    .withPanel(lines('File systems', metric('vm.filesystem.usedRatio'), RATIO))
    .withPanel(lines('Storage pools', metric('host.pool.allocatedRatio'), RATIO))
    .withPanel(table('The last ones', action('incident.list', { state: 'all', rows: 100 })))
    .withPanel(table('Rules', action('alert.list')))
    .withPanel(table('Silences', action('silence.list')));

export const hub = () =>
  board('hub', 'the hub itself', 'For administrators: what the hub measures, does and records.')
    .withPanel(stat('VMs measured', sql('select count(distinct entity) as vms from vm where $__timeFilter(time)'), { width: 6 }))
    .withPanel(
      stat('Age of the newest sample', sql('select epoch($__to) - epoch(max(time)) as ageSeconds from host where $__timeFilter(time)'), {
        unit: 's',
        width: 6,
      }),
    )
    .withPanel(
      lines(
        'Samples of VMs a minute',
        sql("select date_trunc('minute', time) as time, count(*) as samples from vm where $__timeFilter(time) group by all order by 1"),
        {
          height: 8,
        },
      ),
    )
    .withPanel(table('Plugins', action('plugin.list'), { width: 12 }))
    .withPanel(table('Jobs', action('job.list', { rows: 100 }), { width: 12 }))
    .withPanel(table('Audit', action('audit.list', { rows: 100 })));
