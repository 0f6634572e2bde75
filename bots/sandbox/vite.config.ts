import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** Builds the chat page into `dist/`, which the sandbox serves. */
export default defineConfig({
  root: fileURLToPath(new URL('web/', import.meta.url)),
  base: './',
  plugins: [react()],
  build: { outDir: fileURLToPath(new URL('dist/', import.meta.url)), emptyOutDir: true, target: 'es2023' },
});
