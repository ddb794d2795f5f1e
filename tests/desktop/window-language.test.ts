import { expect, test } from 'vitest';
import type { StoredPreferences } from '../../main/desktop/stored-preferences.ts';
import { preferencesIn } from '../../main/desktop/stored-preferences.ts';
import { createWindowLanguage } from '../../main/desktop/window-language.ts';
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

test.each([
  [['de-AT', 'en-US'], 'de'],
  [['fr-FR', 'de_DE', 'en'], 'de'],
  [['DE'], 'de'],
  [['en-GB', 'de'], 'en'],
  [['fr-FR', 'dez'], 'en'],
  [[], 'en'],
])('with the system’s languages %j the window speaks %s', (preferred, spoken) => {
  expect(createWindowLanguage(inFile({}), () => preferred).spoken()).toBe(spoken);
});

test('what was chosen comes before the system, is told at once, and lasts', () => {
  const file: Record<string, unknown> = {};
  const language = createWindowLanguage(inFile(file), () => ['en-GB']);
  let told = 0;
  language.onChange(() => void (told += 1));
  expect(language.shownIn(signedIn)).toEqual({ ...signedIn, language: 'en' });
  language.choose('de');
  expect(told).toBe(1);
  expect(language.shownIn(signedIn).language).toBe('de');
  const later = createWindowLanguage(inFile(file), () => ['en-GB']);
  expect([later.chosen(), later.spoken()]).toEqual(['de', 'de']);
  later.choose('system');
  expect(later.spoken()).toBe('en');
});

test('a language that nobody has written texts in is that of the system', () => {
  const damaged = inFile({ language: 'tlh' } satisfies Record<
    keyof Pick<StoredPreferences, 'language'>,
    string
  >);
  expect(createWindowLanguage(damaged, () => ['de-DE']).spoken()).toBe('de');
});
