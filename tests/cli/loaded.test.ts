import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCommandLine, firstLine } from '../../main/demo/command-line.ts';
import { buildCommand } from '../support/builds.ts';
import { freePort } from '../support/free-port.ts';
import { writeKeyFile } from '../support/latchkey.ts';

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-loaded-'));
  program = await buildCommand();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Writes down each file that is loaded, in the main thread and in the workers. */
const recorder = (file: string): string =>
  `data:text/javascript,${encodeURIComponent(`
    import { appendFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    import { isMainThread } from 'node:worker_threads';
    registerHooks({
      load(url, context, next) {
        if (url.startsWith('file:'))
          appendFileSync(${JSON.stringify(file)}, JSON.stringify({ url, isMainThread }) + '\\n');
        return next(url, context);
      },
    });`)}`;

/** What one thread has loaded: the packages that are in it, and how much of it there is. */
function loadedIn(file: string, isMain = true): { packages: string[]; kilobytes: number } {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  const packages = new Set<string>();
  let bytes = 0;
  for (const line of lines) {
    const { url, isMainThread } = JSON.parse(line) as { url: string; isMainThread: boolean };
    if (isMainThread !== isMain) continue;
    const path = fileURLToPath(url);
    bytes += readFileSync(path).length;
    // The bundler's own runtime has no sources.
    const map = existsSync(`${path}.map`) ? readFileSync(`${path}.map`, 'utf8') : '{"sources":[]}';
    const { sources } = JSON.parse(map) as { sources: string[] };
    for (const source of sources) {
      const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source) ?? [];
      if (name !== undefined) packages.add(name);
    }
  }
  return { packages: [...packages].toSorted(), kilobytes: bytes / 1000 };
}

const commandLine = (record: string) =>
  createCommandLine(join(folder, 'home'), join(folder, 'latchkey.yaml'), [
    process.execPath,
    '--import',
    recorder(record),
    program,
  ]);

test('a command that asks the broker loads no schemas, no YAML, and nothing of the broker', async () => {
  const record = join(folder, 'token');
  const { code } = await commandLine(record).run(['token', 'sales']);
  expect(code).toBe(5);
  const { packages, kilobytes } = loadedIn(record);
  expect(packages).toEqual(['commander']);
  expect(kilobytes).toBeLessThan(130);
});

test('a start of serve loads nothing of MSAL, of HTTP to elsewhere, of mail, and of certificates that it has', async () => {
  const key = await writeKeyFile(folder);
  const configuration = {
    providers: [
      {
        name: 'contoso',
        type: 'azure-directory',
        applicationId: '11111111-1111-4111-8111-111111111111',
        authority: 'https://login.microsoftonline.com/22222222-2222-4222-8222-222222222222',
      },
    ],
    connections: [
      {
        name: 'sales',
        protocol: 'postgresql',
        port: await freePort(),
        upstream: { host: '127.0.0.1', port: 1, database: 'sales', tls: { mode: 'off' } },
        rules: [
          {
            group: '33333333-3333-4333-8333-333333333333',
            role: 'sales',
            password: {
              vault: {
                address: 'https://127.0.0.1:1',
                path: 'database/creds/sales',
                auth: { stored: 'vault' },
              },
            },
          },
        ],
      },
    ],
  };
  await writeFile(join(folder, 'latchkey.yaml'), JSON.stringify(configuration));
  const serve = async (record: string): Promise<void> => {
    const child = commandLine(record).start(['serve', '--json', '--key-file', key]);
    const ended = once(child, 'close');
    expect(await firstLine(child)).toContain('"serving"');
    child.kill('SIGTERM');
    await ended;
  };
  // Makes the authority of this home.
  await serve(join(folder, 'first'));
  expect(loadedIn(join(folder, 'first')).packages).toContain('@peculiar/x509');
  const record = join(folder, 'second');
  await serve(record);
  const main = loadedIn(record);
  expect(main.packages).toEqual(['commander', 'otpauth', 'uqr', 'yaml', 'zod']);
  expect(main.kilobytes).toBeLessThan(1320);
  const worker = loadedIn(record, false);
  expect(worker.packages).toEqual([]);
  expect(worker.kilobytes).toBeLessThan(300);
});
