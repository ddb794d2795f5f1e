import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/parts.ts';
import { type Application, applicationParts, startApplication } from './application.ts';

/** The application as it ships. The dialog of the system is answered for the person, as nothing of it is a page. */
describeWith(applicationParts, 'the support bundle', () => {
  let application: Application;
  let page: Page;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lk-bundle-'));
    application = await startApplication();
    ({ page } = application);
  }, 300_000);
  afterAll(async () => {
    await application?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const choose = (filePath: string | undefined) =>
    application.desktop.app.evaluate(({ dialog }, path) => {
      dialog.showSaveDialog = async () => ({ canceled: path === undefined, filePath: path ?? '' });
    }, filePath);

  test('Save… writes what was shown, for this person alone, and nothing where they think better of it', async () => {
    await application.place('About');
    await page.getByRole('button', { name: 'Support bundle…' }).click();
    const dialog = page.getByRole('dialog', { name: 'Support bundle' });
    const save = dialog.getByRole('button', { name: 'Save…' });
    await save.waitFor({ timeout: 60_000 });
    const shown = await dialog.locator('pre').innerText();
    expect(JSON.parse(shown)).toMatchObject({ audit: expect.anything(), configuration: expect.anything() });

    await choose(undefined);
    await save.click();
    await expect.poll(() => save.getAttribute('aria-disabled')).not.toBe('true');
    expect(await readdir(folder)).toEqual([]);
    expect(await dialog.getByText(/^Written to/).count()).toBe(0);

    const file = join(folder, 'bundle.json');
    await choose(file);
    await save.click();
    await dialog
      .getByText(/^Written to/)
      .filter({ hasText: file })
      .first()
      .waitFor();
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(shown));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    // It names nobody and no place.
    for (const secret of [application.world.postgres.host, application.latchkey.home])
      if (secret !== '127.0.0.1') expect(await readFile(file, 'utf8')).not.toContain(secret);

    // Where it cannot be written, that is said, and it can be saved elsewhere.
    await choose(join(folder, 'nowhere', 'bundle.json'));
    await save.click();
    await dialog.getByRole('alert').filter({ visible: true }).waitFor();
  });
});
