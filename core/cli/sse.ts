/** Reads server-sent events from an answer; ends with the stream. Only what the hub sends: `id` and `data` of one line each. */
export async function* readEvents(response: Response): AsyncGenerator<{ readonly id: string; readonly data: unknown }> {
  if (response.body === null) return;
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      const data = lines.get('data');
      if (data !== undefined) yield { id: lines.get('id') ?? '', data: JSON.parse(data) as unknown };
    }
  }
}
