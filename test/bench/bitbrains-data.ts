const HOUR_MS = 3_600_000;

export interface HourlySeries {
  readonly id: string;
  /** Hours since the epoch. */
  readonly firstHour: number;
  /** Means of an hour; where nothing was measured the one before. */
  readonly values: Float64Array;
}

/** Columns id, timestamp (`2013-08-12 13:50:46+00`), duration, cpu_count, cpu_usage (MHz). */
export function hourlyMeans(text: string): HourlySeries[] {
  const hours = new Map<string, Map<number, { sum: number; count: number }>>();
  for (const line of text.trim().split('\n').slice(1)) {
    const [id = '', timestamp = '', , , usage] = line.split(',');
    const hour = Math.floor(Date.parse(`${timestamp.slice(0, 19).replace(' ', 'T')}Z`) / HOUR_MS);
    const ofVm = hours.get(id) ?? new Map<number, { sum: number; count: number }>();
    const cell = ofVm.get(hour) ?? { sum: 0, count: 0 };
    ofVm.set(hour, { sum: cell.sum + Number(usage), count: cell.count + 1 });
    hours.set(id, ofVm);
  }
  return [...hours].map(([id, cells]) => {
    const firstHour = Math.min(...cells.keys());
    const values = new Float64Array(Math.max(...cells.keys()) - firstHour + 1);
    for (let i = 0; i < values.length; i++) {
      const cell = cells.get(firstHour + i);
      values[i] = cell === undefined ? (values[i - 1] ?? 0) : cell.sum / cell.count;
    }
    return { id, firstHour, values };
  });
}
