import { useCallback } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { access as t } from '../texts/en/access.ts';
import { useAnnounce } from '../ui/announcer.tsx';

/** The connections that the person has put first; main keeps them and has them in the next snapshot. */
export function useFavourites({ favourites = none }: Pick<AppState, 'favourites'>) {
  const { run, problem, dismiss } = useAction();
  const announce = useAnnounce();
  // Of the names, since each snapshot brings a new list.
  const known = favourites.join('\n');
  const toggle = useCallback(
    async (name: string): Promise<void> => {
      const before = known === '' ? [] : known.split('\n');
      const isNow = !before.includes(name);
      const next = isNow ? [...before, name] : before.filter((each) => each !== name);
      if ((await run('setPreferences', { favourites: next })) !== undefined)
        announce(isNow ? t.addedToFavourites : t.removedFromFavourites);
    },
    [known, run, announce],
  );
  return { problem, dismiss, has: (name: string): boolean => favourites.includes(name), toggle };
}

const none: string[] = [];
