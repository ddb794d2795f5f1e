import { realpathSync } from 'node:fs';
import { expect, it } from 'vitest';
import { ownCommand, type OwnProcess } from '../../main/store/own-command.ts';

const packaged = (more: Partial<OwnProcess>): string[] =>
  ownCommand({
    // As main/start.ts leaves it for a command.
    argv: ['/opt/Latchkey/latchkey-desktop', '/opt/Latchkey/latchkey-desktop', 'connect', 'psql'],
    execPath: '/opt/Latchkey/latchkey-desktop',
    platform: 'linux',
    env: {},
    resourcesPath: '/opt/Latchkey/resources',
    isPackaged: true,
    ...more,
  });

it('is Node with the script where there is no package', () => {
  const script = import.meta.filename;
  expect(
    packaged({ isPackaged: false, execPath: '/usr/bin/node', argv: ['node', script, 'connect'] }),
  ).toEqual(['/usr/bin/node', realpathSync(script)]);
});

it('is the launcher of a package, beside the program', () => {
  expect(packaged({})).toEqual(['/opt/Latchkey/latchkey']);
  const resourcesPath = '/Applications/Latchkey.app/Contents/Resources';
  expect(packaged({ platform: 'darwin', resourcesPath })).toEqual([`${resourcesPath}/latchkey`]);
});

it('is the file of an AppImage, as what is in it is gone once it has ended', () => {
  const env = { APPIMAGE: '/home/ann/Latchkey.AppImage' };
  expect(packaged({ env })).toEqual([
    '/home/ann/Latchkey.AppImage',
    '--cli',
    '--no-sandbox',
    '--no-zygote',
    '--log-level=3',
    '--',
  ]);
  // A variable that another AppImage has left is none of ours outside a package.
  expect(packaged({ env, isPackaged: false, argv: ['node'] })).toEqual(['/opt/Latchkey/latchkey-desktop']);
});
