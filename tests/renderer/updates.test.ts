import { expect, test } from 'vitest';
import { LatchkeyError } from '../../main/contract/errors.ts';
import type { AppState } from '../../main/contract/state.ts';
import type { UpdateState } from '../../main/contract/update-state.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';
import { startRenderer } from './browser.ts';
import { place, press } from './each-screen.ts';
import { busy, signedIn, updatesOfOrganisation as organisation } from './states.ts';

const stable: UpdateState['channel'] = { value: 'stable', origin: 'built-in', locked: false };

const withUpdates = (now: UpdateState['now'], more: Partial<UpdateState> = {}): AppState => ({
  ...signedIn,
  updates: { now, channel: stable, ...more },
});

describeWith([parts.pageEngine], 'updates in the window', () => {
  const renderer = useAll(startRenderer);

  async function settings(state: AppState) {
    const shown = await renderer.show(state);
    await place('Settings')(shown.page);
    const section = shown.page.getByRole('region', { name: 'Updates' });
    await section.waitFor();
    return { ...shown, section };
  }

  test('are looked for when a person says so, and what comes of it is told', async () => {
    const { page, bridge, section } = await settings(withUpdates({ kind: 'unknown' }));
    await press(page, 'Check now');
    await expect.poll(() => bridge.calls.at(-1)).toEqual({ action: 'checkForUpdates', request: {} });
    await bridge.push(withUpdates({ kind: 'up-to-date', offered: '0.0.9' }));
    await section.getByText('Latchkey does not go back to it').waitFor();

    const problem = {
      code: 'update-untrusted',
      message: 'It was not signed.',
      remedy: 'Tell somebody.',
    } as const;
    bridge.answer({
      checkForUpdates() {
        throw new LatchkeyError(problem.code, problem.message, problem);
      },
    });
    await press(page, 'Check now');
    await bridge.push(withUpdates({ kind: 'failed', problem }));
    await section.getByText('Tell somebody.').waitFor();
    expect(await section.getByText('It was not signed.').count()).toBe(1);

    await section.getByLabel('Which versions').selectOption('beta');
    await expect
      .poll(() => bridge.calls.at(-1))
      .toEqual({ action: 'setUpdateChannel', request: { channel: 'beta' } });

    // As the organisation has set it.
    await bridge.push(withUpdates(organisation.now, organisation));
    await section.getByText('Version 0.2.0 is being downloaded: 42 %.').waitFor();
    for (const text of [
      'has set version 0.2.0: no other one is taken.',
      'https://software.fabrikam.example/latchkey',
    ])
      await section.getByText(text).waitFor();
    await section.getByText('Set by your organisation.').waitFor();
    expect(await section.getByRole('combobox').count()).toBe(0);

    await bridge.push(
      withUpdates({
        kind: 'available',
        version: '0.2.0',
        by: 'deb',
        command: 'sudo apt-get install --only-upgrade latchkey',
        address: 'https://latchkey.example/releases/latchkey.deb',
      }),
    );
    await section.getByText('sudo apt-get install --only-upgrade latchkey').waitFor();
    expect(await section.getByRole('button', { name: 'Restart to update' }).count()).toBe(0);

    await bridge.push(withUpdates({ kind: 'off', reason: 'configuration', origin: 'organisation' }));
    await section.getByText('your organisation has turned them off').waitFor();
    expect(await section.getByRole('button').count()).toBe(0);
    await place('About')(page);
    await page.getByText('your organisation has turned them off').waitFor();
  });

  test('count at once where no session is open; else the window asks first, with the number', async () => {
    const ready = withUpdates({ kind: 'ready', version: '0.2.0' });
    const { page, bridge } = await settings({ ...ready, databaseSessions: [] });
    const asks = () => bridge.calls.filter(({ action }) => action === 'installUpdate');
    await press(page, 'Restart to update');
    await expect.poll(asks).toEqual([{ action: 'installUpdate', request: {} }]);
    expect(await page.getByRole('dialog').count()).toBe(0);

    const { databaseSessions } = busy;
    expect(databaseSessions.length).toBeGreaterThan(1);
    await bridge.push({ ...ready, databaseSessions });
    const dialog = page.getByRole('dialog');
    await press(page, 'Restart to update');
    await dialog.getByText(`${databaseSessions.length} database sessions are open and end`).waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    expect(asks()).toHaveLength(1);
    bridge.answer({
      installUpdate() {
        throw new LatchkeyError('update-failed', 'It cannot be replaced.');
      },
    });
    await press(page, 'Restart to update');
    await dialog.getByRole('button', { name: 'Restart', exact: true }).click();
    await dialog.getByText('It cannot be replaced.').waitFor();
    expect(asks().at(-1)).toEqual({ action: 'installUpdate', request: { endSessions: true } });
  });
});
