/** The groups of texts, one for each group of screens; every language has all of them. */
export type Screens =
  | 'about'
  | 'access'
  | 'activity'
  | 'audit'
  | 'common'
  | 'connect'
  | 'connections'
  | 'doctor'
  | 'faults'
  | 'firstRun'
  | 'flyout'
  | 'frame'
  | 'organisation'
  | 'problems'
  | 'prompts'
  | 'providers'
  | 'security'
  | 'settings'
  | 'signIn'
  | 'tools';

export type AllTexts = Readonly<Record<Screens, object>>;

/** Of the language that is shown, where that is not English. */
let other: AllTexts | undefined;

/** From now on; undefined is English. */
export function speak(texts: AllTexts | undefined): void {
  other = texts;
}

/**
 * The texts of some screens: given in English, read in the language that is shown. They are read while something is drawn and
 * never kept, since they are others after a change: `useLanguage` draws everything anew.
 */
export function words<Texts extends object>(screens: Screens, english: Texts): Texts {
  return new Proxy(english, {
    get: (texts, key): unknown => Reflect.get(other?.[screens] ?? texts, key),
  });
}
