import { expect, test } from 'vitest';
import { createShortlist } from '../../main/desktop/shortlist.ts';
import { preferencesIn } from '../../main/desktop/stored-preferences.ts';
import { signedIn } from '../renderer/states.ts';

function inFile(store: Record<string, unknown>) {
  return preferencesIn(
    {
      get store() {
        return store;
      },
      set: (key, value) => void (store[key] = value),
      delete: (key) => void Reflect.deleteProperty(store, key),
    },
    () => {},
  );
}

test('favourites and what was used last are in the snapshot, are told at once, and last', () => {
  const file: Record<string, unknown> = {};
  const list = createShortlist(inFile(file));
  let told = 0;
  list.onChange(() => void (told += 1));
  expect(list.shownIn(signedIn)).toEqual(signedIn);
  list.setFavourites(['orders', 'sales', 'orders']);
  list.used('sales');
  list.used('payroll');
  list.used('sales');
  list.used('sales');
  expect(told).toBe(4);
  const shown = { favourites: ['orders', 'sales'], recents: ['sales', 'payroll'] };
  expect(list.shownIn(signedIn)).toEqual({ ...signedIn, ...shown });
  expect(createShortlist(inFile(file)).shownIn(signedIn)).toEqual({ ...signedIn, ...shown });
});

test('only the last few that were used are kept, and a damaged file costs no more than what is damaged', () => {
  const file: Record<string, unknown> = { favourites: 'sales', recents: ['a'], theme: 'dark' };
  const list = createShortlist(inFile(file));
  expect(list.favourites()).toEqual([]);
  for (let index = 0; index < 30; index += 1) list.used(`c${index}`);
  expect(list.shownIn(signedIn).recents).toEqual(['c29', 'c28', 'c27', 'c26', 'c25', 'c24', 'c23', 'c22']);
});
