import { APP_ID } from './names.ts';
import type { GrafanaTools } from './config.ts';

const DAY = 10;

/** The app for Grafana, built on first use. */
export function appEndpoint({ endpoint }: GrafanaTools) {
  let built: Promise<Uint8Array<ArrayBuffer>> | undefined;
  return {
    'GET /app.zip': endpoint({
      help: 'The app for Grafana, to be unpacked in its plugin folder',
      async handle({ services, clock, log }) {
        // The bundler is loaded by those hubs only that are asked for the app.
        built ??= import('./app-bundle.ts').then(({ zipApp }) =>
          zipApp({ version: services.hub.version, day: new Date(clock.now()).toISOString().slice(0, DAY) }),
        );
        try {
          const body = await built;
          return new Response(body, {
            headers: { 'content-type': 'application/zip', 'content-disposition': `attachment; filename="${APP_ID}.zip"` },
          });
        } catch (error) {
          built = undefined;
          log.error({ err: error }, 'the app for Grafana was not built');
          throw error;
        }
      },
    }),
  };
}
