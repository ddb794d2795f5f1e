import { expect, test } from 'vitest';
import { createShortcut, type Keys } from '../../main/desktop/shortcut.ts';

/** As Electron has them: a key has one holder, and some are unknown to the desktop. */
function desktopKeys(foreign: readonly string[] = []) {
  const held = new Map<string, () => void>();
  const keys: Keys = {
    register(accelerator, callback) {
      if (accelerator.endsWith('F99')) throw new TypeError('unknown');
      if (held.has(accelerator) || foreign.includes(accelerator)) return false;
      held.set(accelerator, callback);
      return true;
    },
    unregister: (accelerator) => void held.delete(accelerator),
  };
  return { held, keys };
}

test('the shortcut is off until it is turned on, opens what was chosen, and is given back', () => {
  const { held, keys } = desktopKeys();
  const opened: string[] = [];
  const shortcut = createShortcut(keys, (what) => opened.push(what));
  shortcut.begin({ shortcut: 'off', shortcutKeys: 'Control+Alt+L' }, () => expect.unreachable());
  expect(held.size).toBe(0);
  shortcut.set({ shortcut: 'window', shortcutKeys: 'Control+Alt+L' });
  held.get('Control+Alt+L')?.();
  shortcut.set({ shortcut: 'palette', shortcutKeys: 'Control+Alt+L' });
  held.get('Control+Alt+L')?.();
  expect(opened).toEqual(['window', 'palette']);
  shortcut.set({ shortcut: 'palette', shortcutKeys: 'Super+K' });
  expect([...held.keys()]).toEqual(['Super+K']);
  shortcut.set({ shortcut: 'off', shortcutKeys: 'Super+K' });
  expect(held.size).toBe(0);
  shortcut.set({ shortcut: 'window', shortcutKeys: 'Super+K' });
  shortcut.close();
  expect(held.size).toBe(0);
});

test.each(['Control+Alt+T', 'Control+F99'])(
  'keys that cannot be had (%s) are told, and nothing changes',
  (wanted) => {
    const { held, keys } = desktopKeys(['Control+Alt+T']);
    const shortcut = createShortcut(keys, () => undefined);
    shortcut.set({ shortcut: 'window', shortcutKeys: 'Super+K' });
    expect(() => shortcut.set({ shortcut: 'window', shortcutKeys: wanted })).toThrow(
      expect.objectContaining({ code: 'request-refused', message: expect.stringContaining(wanted) }),
    );
    expect([...held.keys()]).toEqual(['Super+K']);
    const told: string[] = [];
    const atStart = createShortcut(keys, () => undefined);
    atStart.begin({ shortcut: 'palette', shortcutKeys: wanted }, ({ code }) => told.push(code));
    expect(told).toEqual(['request-refused']);
  },
);
