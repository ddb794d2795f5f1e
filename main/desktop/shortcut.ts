import { LatchkeyError, type Problem, toProblem } from '../contract/errors.ts';
import type { Preferences } from '../contract/shapes.ts';

type Wish = Pick<Preferences, 'shortcut' | 'shortcutKeys'>;

/** What of Electron's `globalShortcut` is used. */
export interface Keys {
  /** False where another program has them, or the desktop lets nobody take them. */
  register(accelerator: string, callback: () => void): boolean;
  unregister(accelerator: string): void;
}

export type Shortcut = ReturnType<typeof createShortcut>;

/** Keys that open Latchkey from wherever the keyboard is; off until the person turns them on. */
export function createShortcut(keys: Keys, open: (what: 'window' | 'palette') => void) {
  let held: string | undefined;
  let opens: 'window' | 'palette' = 'window';

  function take(accelerator: string): void {
    // What the desktop does not know at all throws; the person hears the same of both.
    const isTaken = ((): boolean => {
      try {
        return keys.register(accelerator, () => open(opens));
      } catch {
        return false;
      }
    })();
    if (!isTaken) {
      throw new LatchkeyError(
        'request-refused',
        `Another program has the keys ${accelerator}, or the desktop keeps them.`,
        {
          remedy: 'Choose other keys, or free them in the settings of the desktop.',
        },
      );
    }
  }

  /** @throws LatchkeyError `request-refused`: then it is as it was before */
  function set({ shortcut, shortcutKeys }: Wish): void {
    const wanted = shortcut === 'off' ? undefined : shortcutKeys;
    if (wanted !== held) {
      if (wanted !== undefined) take(wanted);
      if (held !== undefined) keys.unregister(held);
      held = wanted;
    }
    if (shortcut !== 'off') opens = shortcut;
  }

  return {
    set,
    /** At the start, where nobody asks: it is told why it cannot be had now, and what was chosen stays chosen. */
    begin(wish: Wish, tell: (problem: Problem) => void): void {
      try {
        set(wish);
      } catch (error) {
        tell(toProblem(error));
      }
    },
    close(): void {
      if (held !== undefined) keys.unregister(held);
      held = undefined;
    },
  };
}
