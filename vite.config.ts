import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The window's pages: renderer/ → dist/renderer/, served by the application itself at latchkey://app/. */
export default defineConfig({
  root: 'renderer',
  plugins: [react()],
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    // Electron 43 is the oldest that the tests run on.
    target: 'chrome150',
    // The page policy allows no inline script, and there is one entry, so nothing to preload.
    modulePreload: false,
    assetsInlineLimit: 0,
    minify: false,
    sourcemap: true,
  },
});
