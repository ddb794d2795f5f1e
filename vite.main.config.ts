import { cpSync, existsSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { defineConfig, type Plugin } from 'vite';

/**
 * Everything that runs outside the window, bundled so that the packaged application needs no node_modules:
 * dist/main/start.js (Electron; it loads index.js, the desktop, or latchkey.js), latchkey.js (the command line), gateway-worker.js, and preload.cjs, which must be
 * CommonJS in one file because a sandboxed preload script cannot import.
 */
const programs = {
  start: 'main/start.ts',
  index: 'main/index.ts',
  latchkey: 'main/cli/index.ts',
  'gateway-worker': 'main/gateway/worker.ts',
};
const preload = 'main/preload.ts';

for (const path of [...Object.values(programs), preload]) {
  if (!existsSync(path))
    throw new Error(`vite.main.config.ts: ${path} is missing, and without it there is no build`);
}

const isHttp = (id: string): boolean => /^(node:)?http$/.test(id);

/**
 * For an import of node:http Node reads every member of that module, and one of them loads a second undici: 50 ms, a
 * third of what a command takes. A `require` of the same module reads none.
 */
const httpAsItIs: Plugin = {
  name: 'latchkey-http',
  enforce: 'pre',
  resolveId: (id) => (isHttp(id) ? '\0http' : undefined),
  load: (id) => (id === '\0http' ? "module.exports = process.getBuiltinModule('node:http');" : undefined),
};

/** Where the bundled koffi looks for its library, which is a file for each system. Only Linux needs it. */
function copyKoffi(): void {
  if (process.platform !== 'linux') return;
  cpSync(`node_modules/@koromix/koffi-linux-${process.arch}`, 'dist/build/koffi', {
    recursive: true,
    filter: (path) => !/\.(?:js|json|md)$/.test(path),
  });
}

const external = [
  'electron',
  /^electron\//,
  ...builtinModules.flatMap((name) => [name, `node:${name}`]).filter((id) => !isHttp(id)),
];
/** A slow computer is no fault of the build. */
const checks = { bundlerTimings: false };
const shared = { outDir: 'dist/main', ssr: true, target: 'node24', minify: false, sourcemap: true } as const;

export default defineConfig({
  plugins: [httpAsItIs],
  environments: {
    main: {
      consumer: 'server',
      resolve: { noExternal: true, external: ['electron'], builtins: external },
      build: {
        ...shared,
        emptyOutDir: true,
        rolldownOptions: {
          checks,
          input: programs,
          external,
          output: {
            format: 'es',
            codeSplitting: { groups: [{ name: 'semver', test: /node_modules[\\/]semver[\\/]/ }] },
            minify: { compress: true, mangle: false, codegen: true },
            entryFileNames: '[name].js',
            chunkFileNames: 'chunks/[name]-[hash].js',
            banner: (chunk) => (chunk.isEntry && chunk.name === 'latchkey' ? '#!/usr/bin/env node' : ''),
          },
        },
      },
    },
    preload: {
      consumer: 'server',
      resolve: { noExternal: true, external: ['electron'], builtins: external },
      build: {
        ...shared,
        emptyOutDir: false,
        rolldownOptions: {
          checks,
          input: { preload },
          external,
          output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
        },
      },
    },
  },
  builder: {
    async buildApp(builder) {
      for (const name of ['main', 'preload']) {
        const environment = builder.environments[name];
        if (environment === undefined) throw new Error(`vite.main.config.ts: no environment ${name}`);
        await builder.build(environment);
      }
      copyKoffi();
    },
  },
});
