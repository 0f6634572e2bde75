import { FieldType, LoadingState, type DataFrame, type DataQueryResponse } from '@grafana/data';
import { Observable } from 'rxjs';

/** One measurement: values by the names of their series. */
export interface Sample {
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

/** Frames with a sample more; what is older than the panel's range is dropped. A series that was not there before waits for the next refresh. */
export function withSample(frames: readonly DataFrame[], { at, values }: Sample, spanMs: number): DataFrame[] {
  return frames.map((frame) => {
    const value = values[frame.name ?? ''];
    const time = frame.fields.find(({ type }) => type === FieldType.time);
    if (value === undefined || time === undefined || frame.fields.length !== 2 || at <= (time.values.at(-1) ?? 0)) return frame;
    const first = time.values.findIndex((instant: number) => instant > at - spanMs);
    const grown = (field: DataFrame['fields'][number], next: number) => ({
      ...field,
      values: [...(first < 0 ? [] : field.values.slice(first)), next],
      state: null,
    });
    const fields = frame.fields.map((field) => grown(field, field === time ? at : value));
    return { ...frame, fields, length: fields[0]?.values.length ?? 0 };
  });
}

/** Follows live values by server-sent events and emits the grown frames; the browser connects anew by itself when the stream ends. */
export function followLive(
  url: string,
  start: { readonly frames: DataFrame[]; readonly spanMs: number; readonly key: string },
): Observable<DataQueryResponse> {
  return new Observable((subscriber) => {
    let { frames } = start;
    const source = new EventSource(url);
    source.addEventListener('sample', (event: MessageEvent<string>) => {
      frames = withSample(frames, JSON.parse(event.data) as Sample, start.spanMs);
      subscriber.next({ data: frames, state: LoadingState.Streaming, key: start.key });
    });
    return () => source.close();
  });
}
