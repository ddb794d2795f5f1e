import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createSystemBrowser, visit } from '../entra/system-browser.ts';
import { soon, type Latchkey, type World } from './latchkey.ts';

/** The browser of the computer, in which a person signs in, and stays so from then on. */
export interface PersonBrowser {
  /** Signs in with it, and answers with the text of the page that has asked on the way; undefined where none did. */
  signIn(username: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** To be called before the broker starts, which finds the browser in its PATH. */
export async function installBrowser({ commandLine, ...latchkey }: Latchkey, { tenant }: World) {
  const folder = await mkdtemp(join(tmpdir(), 'lk-browser-'));
  const opened = join(folder, 'opened');
  // Stands for the system's browser: writes down what it was asked to open.
  await writeFile(join(folder, 'xdg-open'), `#!/bin/sh\nprintf '%s' "$1" > '${opened}'\n`);
  await chmod(join(folder, 'xdg-open'), 0o755);
  commandLine.env['PATH'] = `${folder}:${commandLine.env['PATH'] ?? ''}`;
  const closers: (() => Promise<void>)[] = [];
  const browser = createSystemBrowser({ onClose: (close) => void closers.push(close) }, tenant);
  const signIns = async (): Promise<number> => (await latchkey.audit('sign-in-succeeded')).length;

  const installed: PersonBrowser = {
    async signIn(username) {
      const before = await signIns();
      await rm(opened, { force: true });
      await (await latchkey.client()).post('/v1/sign-in', { way: 'browser', username });
      await expect.poll(() => readFile(opened, 'utf8').catch(() => ''), soon).toMatch(/^https:/);
      const back = await browser.open(await readFile(opened, 'utf8'));
      const page = back === undefined ? browser.text() : undefined;
      await visit(back ?? (await browser.press(username)) ?? '');
      await expect.poll(signIns, soon).toBe(before + 1);
      // Another sign-in that comes before that joins the one that is ending.
      await latchkey.until(({ signIn }) => signIn.kind === 'signed-in');
      return page;
    },
    async close() {
      for (const close of closers) await close();
      await rm(folder, { recursive: true });
    },
  };
  return installed;
}
