import { definePlugin } from 'novacron/plugin';
import { z } from 'zod';

/** The page at `/`. It knows the hub's HTTP interface only; `npm run up` builds it from web/ into dist/. */
export default definePlugin({ name: 'dashboard', api: 1, config: z.strictObject({}), needs: {}, provides: {} }, () => ({
  pages: { '/': new URL('./dist/', import.meta.url) },
}));
