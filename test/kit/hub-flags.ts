import { readFileSync } from 'node:fs';

/** What `npm run up` gives Node, for a hub in a process of its own. */
export const HUB_FLAGS = JSON.parse(readFileSync(new URL('../../core/setup/hub-flags.json', import.meta.url), 'utf8')) as readonly string[];
