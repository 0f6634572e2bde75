import analytics from '../../plugins/analytics/index.ts';
import charts from '../../plugins/charts/index.ts';
import monitoring from '../../plugins/monitoring/index.ts';
import reports from '../../plugins/reports/index.ts';
import { createTestClock, type TestClock } from '../kit/clock.ts';
import { startTestHub, type TestHub, type TestHubOptions } from '../kit/hub.ts';
import { createFleet, RECORDED_UNTIL } from './fleet.ts';
import { importRecording } from './recording.ts';

/** A whole hub with the recorded fleet in its store; its clock stands where the recording ends. */
export async function startRecordedHub(
  config: object = {},
  options: TestHubOptions & { readonly clock?: TestClock; readonly isEmpty?: boolean } = {},
): Promise<TestHub & { readonly clock: TestClock }> {
  const { isEmpty = false, ...hubOptions } = options;
  const clock = options.clock ?? createTestClock(RECORDED_UNTIL);
  const plugins = [createFleet(), monitoring, charts, analytics, { plugin: reports, config }, ...(options.plugins ?? [])];
  const hub = await startTestHub({ ...hubOptions, clock, plugins });
  if (!isEmpty && options.dataDir === undefined) await importRecording(hub.metrics);
  return Object.assign(hub, { clock });
}
