import { parentPort } from 'node:worker_threads';
import { HubError, type Picture } from 'novacron/plugin';
import { altOfForecast, altOfLines } from './alt.ts';
import { drawForecast } from './forecast.ts';
import { drawLines } from './lines.ts';
import { rasterize } from './raster.ts';
import type { DrawRequest } from './requests.ts';
import { cutText } from './text.ts';

const TITLE_GLYPHS = 120;

export type DrawReply =
  | { readonly id: number; readonly picture: Picture }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string; readonly status: number } };

function svgAndAlt(request: DrawRequest): readonly [svg: string, alt: string] {
  switch (request.kind) {
    case 'forecast':
      return [drawForecast(request.chart), altOfForecast(request.chart)];
    case 'lines':
      return [drawLines(request.chart), altOfLines(request.chart)];
    case 'svg':
      return [request.chart.svg, request.chart.alt];
  }
}

function draw(request: DrawRequest): Picture {
  const [svg, alt] = svgAndAlt(request);
  const title = cutText(request.chart.title, TITLE_GLYPHS);
  return { title, alt, mediaType: 'image/png', base64: rasterize(svg).toString('base64') };
}

function reply(id: number, request: DrawRequest): DrawReply {
  try {
    return { id, picture: draw(request) };
  } catch (error) {
    if (HubError.is(error)) return { id, error: { code: error.code, message: error.message, status: error.status } };
    const reason = error instanceof Error ? error.message : String(error);
    return { id, error: { code: 'chart_failed', message: `The chart could not be drawn: ${reason}`, status: 500 } };
  }
}

parentPort?.on('message', ({ id, request }: { id: number; request: DrawRequest }) => {
  parentPort?.postMessage(reply(id, request), []);
});
