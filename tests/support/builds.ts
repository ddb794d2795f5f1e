import { cp, readFile, writeFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Vite from 'vite';
import { once } from './once.ts';

const project = join(import.meta.dirname, '../..');

/** Builds the renderer as it ships, once for a run. @returns its folder */
export function buildRenderer(): Promise<string> {
  return once('renderer', (outDir) =>
    asShipped(async ({ build }) => {
      const configFile = join(project, 'vite.config.ts');
      await build({ configFile, build: { outDir }, logLevel: 'error' });
    }),
  );
}

/** Builds the command line as it ships, once for a run: it starts in a fraction of the time of its source. @returns the program */
export async function buildCommand(): Promise<string> {
  return join(await buildPrograms(), 'dist/main/latchkey.js');
}

/** The worker of the gateways from the same build: from its source it takes a second to start. */
export async function buildWorker(): Promise<URL> {
  return pathToFileURL(join(await buildPrograms(), 'dist/main/gateway-worker.js'));
}

/** Builds the application as `npm run build` does, once for a run, and answers with its folder. */
export function buildProduct(): Promise<string> {
  return once('product', async (root) => {
    await cp(await buildPrograms(), root, { recursive: true });
    await cp(await buildRenderer(), join(root, 'dist/renderer'), { recursive: true });
  });
}

function buildPrograms(): Promise<string> {
  return once('programs', async (root) => {
    const build = { outDir: join(root, 'dist/main') };
    await asShipped(async ({ createBuilder }) => {
      const builder = await createBuilder({
        configFile: join(project, 'vite.main.config.ts'),
        environments: { main: { build }, preload: { build } },
        logLevel: 'error',
      });
      await builder.buildApp();
    });
    await finish(root, 'latchkey-built', 'dist/main/start.js');
  });
}

/** Builds the pages, the preload script and the scripted main process once for a run, and answers with the folder. */
export function buildScriptedDesktop(): Promise<string> {
  return once('scripted', async (root) => {
    await cp(await buildRenderer(), join(root, 'renderer'), { recursive: true });
    await buildOne(root, 'tests/e2e/scripted-main.ts', { format: 'es', entryFileNames: 'index.js' });
    await buildOne(root, 'main/preload.ts', { format: 'cjs', entryFileNames: 'preload.cjs' });
    await finish(root, 'latchkey-scripted', 'main/index.js');
  });
}

/**
 * Builds a program of the tests' own, once for a run: what is started a hundred times must not read and strip its sources
 * each time.
 *
 * @param input its path below tests/
 * @returns the script
 */
export async function buildProgram(input: string): Promise<string> {
  const folder = await once(input.replaceAll(/\W+/g, '-'), async (root) => {
    await buildOne(root, join('tests', input), { format: 'es', entryFileNames: 'index.js' });
    await writeFile(join(root, 'main', 'package.json'), JSON.stringify({ type: 'module' }));
  });
  return join(folder, 'main/index.js');
}

/** The tests' own NODE_ENV would put the development build of React into the pages. */
async function asShipped(
  work: (vite: Pick<typeof Vite, 'build' | 'createBuilder'>) => Promise<void>,
): Promise<void> {
  const before = process.env['NODE_ENV'];
  process.env['NODE_ENV'] = 'production';
  try {
    await work(await import('vite'));
  } finally {
    if (before === undefined) delete process.env['NODE_ENV'];
    else process.env['NODE_ENV'] = before;
  }
}

/** What makes an application of a folder with built programs. */
async function finish(root: string, name: string, main: string): Promise<void> {
  await cp(join(project, 'assets'), join(root, 'assets'), { recursive: true });
  const own = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as object;
  await writeFile(join(root, 'package.json'), JSON.stringify({ ...own, name, main, version: '0.0.0' }));
}

function buildOne(root: string, input: string, output: object): Promise<void> {
  const config: Vite.InlineConfig = {
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true, external: ['electron'] },
    build: {
      ssr: true,
      outDir: join(root, 'main'),
      emptyOutDir: false,
      target: 'node24',
      rolldownOptions: {
        input: join(project, input),
        external: ['electron', /^node:/, ...builtinModules],
        output: { ...output, codeSplitting: false },
      },
    },
  };
  return asShipped(async ({ build }) => void (await build(config)));
}
