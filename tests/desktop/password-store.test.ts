import { expect, test } from 'vitest';
import { passwordStore } from '../../main/desktop/password-store.ts';

test.each([
  undefined,
  '',
  'i3',
  'sway',
  'Hyprland',
  'niri',
  'LXQt',
  'MATE',
  'GNOME',
  'ubuntu:GNOME',
  'wlroots',
])('the Secret Service is asked for where the desktop is %o', (desktop) => {
  const environment = desktop === undefined ? {} : { XDG_CURRENT_DESKTOP: desktop };
  expect(passwordStore(false, environment, 'linux')).toBe('gnome-libsecret');
});

test('Chromium chooses on KDE and on other systems, and the person before all', () => {
  expect(passwordStore(false, { XDG_CURRENT_DESKTOP: 'KDE' }, 'linux')).toBeUndefined();
  expect(passwordStore(false, { DESKTOP_SESSION: 'plasmawayland' }, 'linux')).toBeUndefined();
  expect(passwordStore(false, {}, 'darwin')).toBeUndefined();
  expect(passwordStore(false, {}, 'win32')).toBeUndefined();
  expect(passwordStore(true, { XDG_CURRENT_DESKTOP: 'sway' }, 'linux')).toBeUndefined();
});
