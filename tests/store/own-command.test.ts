import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ownCommand, type OwnProcess } from '../../main/store/own-command.ts';

const packaged = (more: Partial<OwnProcess>): string[] =>
  ownCommand({
    // As main/start.ts leaves it for a command.
    argv: ['/opt/Latchkey/latchkey-desktop', '/opt/Latchkey/latchkey-desktop', 'connect', 'psql'],
    execPath: '/opt/Latchkey/latchkey-desktop',
    platform: 'linux',
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

it('is the file of an AppImage, as what is in it is gone once it has ended, with the switches of the launcher', () => {
  const appImage = '/home/ann/Latchkey.AppImage';
  const launcher = readFileSync(join(import.meta.dirname, '../../assets/package/latchkey'), 'utf8');
  const [, switches = ''] = /^exec "\$here\/latchkey-desktop" (--.*) "\$@"$/m.exec(launcher) ?? [];
  expect(switches).toMatch(/^--cli .* --$/);
  expect(packaged({ appImage })).toEqual([appImage, ...switches.split(' ')]);
});
