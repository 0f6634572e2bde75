import { join } from 'node:path';
import type { Picture, View } from 'novacron/plugin';
import { readIfThere } from './run-files.ts';
import type { Runtime } from './runtime.ts';
import type { Run } from './store.ts';

/** As many as a message can carry without becoming an album; the link shows all. */
const PICTURES_SHOWN_MAX = 3;

const DAY_MS = 86_400_000;

/** Opens the run in a browser; null when links are off. */
export function linkOf({ links, config, services, clock }: Runtime, run: Run): string | null {
  if (config.linkDays === 0) return null;
  return `${services.hub.url}${links.create(run.id, clock.now() + config.linkDays * DAY_MS)}`;
}

async function picturesOf({ runsDir }: Runtime, run: Run): Promise<Picture[]> {
  const shown = run.pictures.slice(0, PICTURES_SHOWN_MAX);
  const pictures = await Promise.all(
    shown.map(async ({ title, alt }, index) => {
      const png = await readIfThere(join(runsDir, run.id, `picture-${index + 1}.png`));
      return png && { title, alt, mediaType: 'image/png' as const, base64: png.toString('base64') };
    }),
  );
  // Another hub made the run, and has its files.
  return pictures.filter((picture) => picture !== null);
}

/** What a run says in a message: its figures, its first pictures, and where all of it is. */
export async function viewOf(runtime: Runtime, run: Run): Promise<View> {
  const link = linkOf(runtime, run);
  const where = link === null ? '' : ` All of it: ${link}`;
  if (run.failure !== null) return { text: `${run.title} failed. ${run.failure.message}${where}` };
  if (run.state === 'running') return { text: `${run.title} is being made.` };
  const parameters = Object.entries(run.parameters).map(([name, value]) => `${name} ${value}`);
  return {
    text: `${run.title}: done.${where}`,
    card: {
      title: run.title,
      subtitle: [`${new Date(run.at).toISOString().slice(0, 16).replace('T', ' ')} UTC`, ...parameters].join(' · '),
      fields: run.headline.map(({ label, value, note }) => ({ label, value: note === undefined ? value : `${value} (${note})` })),
      actions: [],
    },
    pictures: await picturesOf(runtime, run),
  };
}
