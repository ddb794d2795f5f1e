import { expect, it } from 'vitest';
import { ownInstallation } from '../../main/updates/installation.ts';

const own = (given: Partial<Parameters<typeof ownInstallation>[0] & object>, ...files: string[]) =>
  ownInstallation({
    platform: 'linux',
    execPath: '/opt/Latchkey/latchkey-desktop',
    appImage: undefined,
    exists: (path) => files.includes(path),
    ...given,
  });
const debList = '/var/lib/dpkg/info/latchkey.list';

it('tells how the application came to this computer by where it is', () => {
  expect(own({}, debList)).toEqual({ kind: 'deb' });
  expect(own({})).toEqual({ kind: 'rpm' });
  expect(own({ execPath: '/home/ada/latchkey/latchkey-desktop' }, debList)).toEqual({ kind: 'archive' });
  const appImage = '/home/ada/Latchkey.AppImage';
  expect(own({ execPath: '/tmp/.mount/latchkey-desktop', appImage })).toEqual({
    kind: 'app-image',
    file: appImage,
  });
  expect(own({ platform: 'darwin' })).toEqual({ kind: 'mac' });
  const execPath = String.raw`C:\Users\ada\AppData\Local\Programs\latchkey\Latchkey.exe`;
  const uninstaller = String.raw`C:\Users\ada\AppData\Local\Programs\latchkey\Uninstall Latchkey.exe`;
  expect(own({ platform: 'win32', execPath }, uninstaller)).toEqual({ kind: 'nsis' });
  expect(own({ platform: 'win32', execPath })).toEqual({ kind: 'msi' });
});
