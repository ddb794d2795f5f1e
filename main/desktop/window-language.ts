import { type Language, languages } from '../contract/language.ts';
import type { AppState } from '../contract/state.ts';
import type { PreferenceStore } from './stored-preferences.ts';

export type WindowLanguage = ReturnType<typeof createWindowLanguage>;

/**
 * What the windows speak: what the person has chosen, else the first language of the system that there are texts in. The
 * snapshot has it, so that every window changes at once.
 * @param preferred the system's languages, the most wanted first, such as de-AT
 */
export function createWindowLanguage(preferences: PreferenceStore, preferred: () => readonly string[]) {
  let { language: chosen } = preferences.read();
  const listeners: (() => void)[] = [];
  const spoken = (): Language => (chosen === 'system' ? firstOf(preferred()) : chosen);
  return {
    spoken,
    /** As the person has chosen it. */
    chosen: () => chosen,
    choose(language: typeof chosen): void {
      chosen = language;
      preferences.write({ language });
      listeners.forEach((listener) => listener());
    },
    shownIn: (state: AppState): AppState => ({ ...state, language: spoken() }),
    onChange: (listener: () => void): void => void listeners.push(listener),
  };
}

function firstOf(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const found = languages.find((language) => language === tag.split(/[-_]/)[0]?.toLowerCase());
    if (found !== undefined) return found;
  }
  return languages[0];
}
