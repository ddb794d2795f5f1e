import { readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { buildProduct } from '../support/builds.ts';
import { describeWith, parts } from '../support/parts.ts';
import { type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;
const project = join(import.meta.dirname, '../..');

/** The button of the first run, in the application as it is built: a second application beside it, and its end. */
describeWith([electron, display, sessionBus, parts.postgres], 'the button that starts the demo', () => {
  vi.setConfig({ testTimeout: 180_000 });
  const closers: (() => Promise<unknown>)[] = [];
  let root: string;
  let desktop: Desktop;
  const patiently = <T>(read: () => T) => expect.poll(read, { timeout: 120_000 });

  beforeAll(async () => {
    closers.push(await takeDisplay());
    // Like a checkout that has been built: the demo is started from its sources.
    root = await mkdtemp(join(tmpdir(), 'lk-demo-'));
    closers.push(() => rm(root, { recursive: true, force: true }));
    await cp(await buildProduct(), root, { recursive: true });
    await cp(join(project, 'main'), join(root, 'main'), { recursive: true });
    await symlink(join(project, 'node_modules'), join(root, 'node_modules'));
    desktop = await startDesktop(root, { args: ['--password-store=basic'] });
    closers.push(desktop.close);
  }, 300_000);
  afterAll(async () => {
    for (const { pid } of demos()) process.kill(pid, 'SIGTERM');
    // oxlint-disable-next-line no-await-in-loop -- it is waited for
    while (demos().length > 0) await sleep(100);
    for (const close of closers.toReversed()) await close();
  }, 120_000);

  /** Processes that run a file below the folder of this test, by a part of their command line. */
  function processes(part: string): { pid: number; command: string[] }[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
          return command.some((word) => word.includes(part)) ? [{ pid: Number(name), command }] : [];
        } catch {
          return [];
        }
      });
  }
  const demos = () => processes(join(root, 'main/demo/index.ts'));

  test('a second application comes up beside this one, once, and goes when it is ended', async () => {
    const page = await desktop.window();
    const button = page.getByRole('button', { name: 'Start the demo' });
    await button.click();
    await page.getByRole('button', { name: 'The demo is starting…' }).waitFor();
    await patiently(() => button.isVisible()).toBe(true);
    expect(await page.getByRole('alert').filter({ visible: true }).allInnerTexts()).toEqual([]);
    const [demo, ...more] = demos();
    expect(more).toEqual([]);

    await button.click();
    await page.getByRole('alert').getByText('The demo is running already.').waitFor();
    expect(demos()).toHaveLength(1);

    process.kill(demo?.pid ?? 0, 'SIGTERM');
    await patiently(() => demos().length).toBe(0);
  });
});
