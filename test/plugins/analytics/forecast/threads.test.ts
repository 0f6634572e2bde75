import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createForecasts } from '../../../../plugins/analytics/forecast/threads.ts';
import type { ForecastOptions, Series } from '../../../../plugins/analytics/port.ts';

const HOUR = 3600;
const START = Date.UTC(2026, 10, 9);
const series: Series = {
  at: Array.from({ length: 336 }, (_, step) => START + step * HOUR * 1000),
  value: Array.from({ length: 336 }, (_, step) => 0.4 + 0.3 * Math.sin((step / 24) * 2 * Math.PI) + 0.01 * (step % 7)),
};
const options = (change: Partial<ForecastOptions> = {}): ForecastOptions => ({
  horizonSeconds: 24 * HOUR,
  stepSeconds: HOUR,
  signal: new AbortController().signal,
  maximum: 1,
  ...change,
});

/** Worker threads that are alive now. */
const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort' || name === 'Worker').length;

describe('forecasts in threads', () => {
  it('refuse a horizon that makes no sense', async () => {
    const { forecast } = createForecasts({ runningMax: 1, waitingMax: 1 });
    for (const horizonSeconds of [0, -1, Number.NaN, 1e9])
      await expect(forecast(series, options({ horizonSeconds }))).rejects.toMatchObject({ code: 'forecast_input_invalid', status: 422 });
  });

  it('say in the caller what went wrong in the thread', async () => {
    const { forecast } = createForecasts({ runningMax: 1, waitingMax: 1 });
    await expect(forecast({ at: [START], value: [1] }, options())).rejects.toMatchObject({
      code: 'forecast_history_short',
      status: 422,
      details: { historySeconds: HOUR },
    });
  });

  it('stop at the time limit, and the thread is gone', async () => {
    const before = threads();
    const { forecast } = createForecasts({ runningMax: 1, waitingMax: 1 });
    await expect(forecast(series, options({ timeoutMs: 1 }))).rejects.toMatchObject({ code: 'forecast_timeout', status: 504 });
    await setImmediate();
    expect(threads()).toBeLessThanOrEqual(before);
  });

  it('stop when the caller does, also while they wait for their turn', async () => {
    const before = threads();
    const { forecast } = createForecasts({ runningMax: 1, waitingMax: 2 });
    const [first, second] = [new AbortController(), new AbortController()];
    const running = forecast(series, options({ signal: first.signal })).catch((error: Error) => error.message);
    const waiting = forecast(series, options({ signal: second.signal })).catch((error: Error) => error.message);
    await setImmediate();
    second.abort(new Error('second'));
    expect(await waiting).toBe('second');
    first.abort(new Error('first'));
    expect(await running).toBe('first');
    await setImmediate();
    expect(threads()).toBeLessThanOrEqual(before);
    await expect(forecast(series, options({ signal: AbortSignal.abort(new Error('early')) }))).rejects.toThrow('early');
    await expect(forecast(series, options())).resolves.toMatchObject({ horizonSeconds: 24 * HOUR });
  });

  it('refuse more than may wait', async () => {
    const { forecast } = createForecasts({ runningMax: 1, waitingMax: 1 });
    const end = new AbortController();
    const held = [0, 1].map(() => forecast(series, options({ signal: end.signal })).catch((error: Error) => error.message));
    await setImmediate();
    await expect(forecast(series, options())).rejects.toMatchObject({ code: 'forecast_overloaded', status: 503, retryable: true });
    end.abort(new Error('end'));
    expect(await Promise.all(held)).toEqual(['end', 'end']);
  });

  it('try every model on two weeks of hours, choose the best, and give the same again', async () => {
    const { forecast } = createForecasts({ runningMax: 2, waitingMax: 2 });
    const [one, again] = await Promise.all([forecast(series, options()), forecast(series, options())]);
    expect(again).toEqual(one);
    expect(one.backtest.map(({ model }) => model)).toEqual(
      expect.arrayContaining([
        'holt-winters',
        'last-value',
        'median-24h',
        'median-7d',
        'nlinear',
        'seasonal-24h',
        'seasonal-168h',
        'combination',
      ]),
    );
    expect(['combination', one.backtest[0]?.model]).toContain(one.model);
    expect(one.backtest.every(({ mase }, i) => mase >= (one.backtest[i - 1]?.mase ?? 0))).toBe(true);
    expect(one.points).toHaveLength(24);
  });
});
