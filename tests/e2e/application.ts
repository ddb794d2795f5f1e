import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { buildProduct } from '../support/builds.ts';
import {
  createLatchkey,
  startWorld,
  storePasswords,
  type Latchkey,
  type LatchkeyOptions,
  type World,
} from '../support/latchkey.ts';
import { parts } from '../support/parts.ts';
import { type Desktop, startDesktop, takeDisplay } from './desktop.ts';
import { desktopParts } from './parts.ts';

const { electron, display, sessionBus } = desktopParts;
export const applicationParts = [electron, display, sessionBus, parts.postgres, parts.initdb, parts.psql];

/** The application as it ships with its window open, the local tenant over TLS, and a real PostgreSQL server. */
export interface Application {
  world: World;
  latchkey: Latchkey;
  desktop: Desktop;
  page: Page;
  /** Opens another place of the window. */
  place(name: string): Promise<void>;
  close(): Promise<void>;
}

export const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000 });

/** @param env for the application; it is given the folder of the test, which goes with the application */
export async function startApplication(
  options: Pick<LatchkeyOptions, 'configure'> = {},
  env: (folder: string) => Promise<Record<string, string>> = async () => ({}),
): Promise<Application> {
  const closers: (() => Promise<unknown>)[] = [await takeDisplay()];
  const close = async (): Promise<void> => {
    for (const each of closers.splice(0).toReversed()) await each();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'lk-'));
    closers.push(() => rm(folder, { recursive: true, force: true }));
    const world = await startWorld();
    closers.push(world.close);
    // Configuration and home are those that the command line's tests use; the broker is the application's own.
    const latchkey = await createLatchkey(world, { ...options, folder, started: false });
    const desktop = await startDesktop(await buildProduct(), {
      home: latchkey.home,
      args: ['--config', latchkey.config, '--password-store=gnome-libsecret'],
      env: await env(folder),
    });
    closers.push(desktop.close);
    const page = await desktop.window();
    await page.locator('h1').waitFor();
    await storePasswords(latchkey, world);
    const place = (name: string) => page.getByRole('navigation').getByRole('button', { name }).click();
    return { world, latchkey, desktop, page, place, close };
  } catch (error) {
    await close();
    throw error;
  }
}
