import { basename } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The window's pages: renderer/ → dist/renderer/, served by the application itself at latchkey://app/. */
export default defineConfig({
  root: 'renderer',
  plugins: [react()],
  css: {
    modules: {
      // Shorter than with a hash and a line.
      generateScopedName: (name, file) => `${sheetName(file)}_${name}`,
    },
  },
  build: {
    outDir: '../dist/renderer',
    emptyOutDir: true,
    // Electron 43 is the oldest that the tests run on.
    target: 'chrome150',
    // The page policy allows no inline script, and what is loaded late stands alone, so there is nothing to preload.
    modulePreload: false,
    assetsInlineLimit: 0,
    // One stylesheet: what is loaded late then changes no order of rules.
    cssCodeSplit: false,
    minify: true,
    // For the list of what is inside; the packages leave it out.
    sourcemap: true,
    rolldownOptions: {
      // A slow computer is no fault of the build.
      checks: { bundlerTimings: false },
      output: {
        // What most parts of the window share is one file: many small ones are larger together.
        codeSplitting: { groups: [{ name: 'shared', minShareCount: 5 }] },
      },
    },
  },
});

const sheets = new Map<string, string>();

/** @throws Error for two style sheets of one name: their classes would be the same */
function sheetName(file: string): string {
  const path = file.replace(/\?.*/, '');
  const name = basename(path, '.module.css');
  if ((sheets.get(name) ?? path) !== path)
    throw new Error(`${path} and ${sheets.get(name)} need other names`);
  sheets.set(name, path);
  return name;
}
