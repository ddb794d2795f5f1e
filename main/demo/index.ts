import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startApplication } from './application.ts';
import { createCommandLine, firstLine } from './command-line.ts';
import { writeDemoConfiguration } from './configuration.ts';
import { startDemoDatabase } from './database.ts';
import { loadSampleData } from './sample-data.ts';
import { playStory } from './story.ts';
import { startLocalTenant } from './tenant/local-tenant.ts';

const help = `Usage: npm run demo -- [--auto] [--headless]

Starts a local tenant, a database with sample data, and Latchkey, all on this machine and gone when it ends.
  --auto      play the whole story and print it
  --headless  without the desktop application`;

const { values } = parseArgs({
  options: {
    auto: { type: 'boolean', default: false },
    headless: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await runDemo(values.auto, values.headless);

async function runDemo(auto: boolean, preferHeadless: boolean): Promise<void> {
  const started = performance.now();
  const closers: (() => Promise<unknown>)[] = [];
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  try {
    const folder = await mkdtemp(join(tmpdir(), 'latchkey-demo-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    console.log('Starting a local tenant and a database …');
    const [tenant, database] = await Promise.all([
      startLocalTenant(),
      startDemoDatabase(randomBytes(18).toString('base64url')),
    ]);
    closers.push(tenant.close, database.close);
    await tenant.configure({ intervalSeconds: 1 });
    const passwords = await loadSampleData(database);

    const home = join(folder, 'home');
    const config = join(folder, 'latchkey.yaml');
    await writeDemoConfiguration(config, tenant, database);
    const commandLine = createCommandLine(home, config);
    const application = await startApplication(commandLine, home, auto || preferHeadless);
    closers.push(application.close);
    for (const [name, password] of Object.entries(passwords)) {
      const { code, err } = await commandLine.run(['secret', 'set', name], `${password}\n`);
      if (code !== 0) throw new Error(err);
    }
    console.log(application.description);

    if (auto) {
      await playStory(commandLine, tenant, {
        step: (title) => console.log(`\n── ${title}`),
        line: (text) => console.log(`   ${text}`),
      });
      console.log(`\nDone in ${((performance.now() - started) / 1000).toFixed(1)} s.`);
      return;
    }
    await invite(commandLine, home, config);
    await Promise.race([application.ended, stop.signal.aborted ? undefined : once(stop.signal, 'abort')]);
  } finally {
    for (const close of closers.toReversed()) await close();
  }
}

/** Starts a sign-in and says what to try. */
async function invite(
  commandLine: ReturnType<typeof createCommandLine>,
  home: string,
  config: string,
): Promise<void> {
  const { code, userCode, verificationUri } = await startSignIn(commandLine);
  console.log(`
1. Sign in: open ${verificationUri}
   (its certificate is self-made, so the browser warns) and enter the code  ${userCode}
   Pick ada@fabrikam.example (analyst), bruno (administrator), chiara (accountant) or dmitri (intern, no access).

2. In another terminal, in this folder:
   export LATCHKEY_HOME=${home} LATCHKEY_CONFIG=${config}
   npm run --silent latchkey -- status
   npm run --silent latchkey -- token sales

3. Give the token to a SQL client as its password:
   ${code}

Ctrl-C ends the demo and removes everything.`);
}

async function startSignIn(
  commandLine: ReturnType<typeof createCommandLine>,
): Promise<{ code: string; userCode: string; verificationUri: string }> {
  const login = commandLine.start(['login', '--json']);
  const { userCode, verificationUri } = JSON.parse(await firstLine(login)) as {
    userCode: string;
    verificationUri: string;
  };
  const { out } = await commandLine.run(['connections', '--json']);
  const [sales] = JSON.parse(out) as { host: string; port: number; database: string }[];
  return {
    code: `psql "host=${sales?.host} port=${sales?.port} user=ada@fabrikam.example dbname=${sales?.database}"`,
    userCode,
    verificationUri,
  };
}
