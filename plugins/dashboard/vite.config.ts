import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const folder = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  // By a hook, since a root named on the command line would win over one named here.
  plugins: [react(), { name: 'web-root', config: () => ({ root: folder('./web/') }) }],
  build: { outDir: folder('./dist/'), emptyOutDir: true, assetsDir: '.', chunkSizeWarningLimit: 700 },
  // `vite` alone, while the page is worked on: the hub runs beside it.
  server: { proxy: { '/api': { target: 'http://127.0.0.1:7780', ws: true } } },
});
