import { useEffect, useState, useSyncExternalStore } from 'react';
import type { Language } from '../../main/contract/language.ts';
import { type AllTexts, speak } from './words.ts';

let shown: Language = 'en';
let wanted: Language = 'en';
const listeners = new Set<() => void>();

/** English comes with its screens; any other language is a file of its own, which a window in English never reads. */
const load: Record<Exclude<Language, 'en'>, () => Promise<AllTexts>> = {
  de: async () => (await import('./de/texts.ts')).de,
};

/** Resolves when the window speaks this language; where that cannot be read, the window stays as it is. */
export async function showLanguage(language: Language): Promise<void> {
  wanted = language;
  if (language === shown) return;
  const texts = language === 'en' ? undefined : await load[language]().catch(() => undefined);
  if (wanted !== language || (texts === undefined && language !== 'en')) return;
  speak(texts);
  shown = language;
  document.documentElement.lang = language;
  listeners.forEach((listener) => listener());
}

/** Follows the language that main says: the component draws itself and all below it anew when it has changed. */
export function useLanguage(language: Language | undefined): void {
  useSyncExternalStore(subscribe, shownLanguage);
  useEffect(() => {
    if (language !== undefined) void showLanguage(language);
  }, [language]);
}

/**
 * As {@link useLanguage}, for what draws nothing before the words are there, so that nobody sees another language first.
 * @param state undefined while nothing is known; without a language in it, English is spoken
 * @returns whether they are there, or cannot be read
 */
export function useFirstLanguage(state: { language?: Language | undefined } | undefined): boolean {
  const [speaks, setSpeaks] = useState(false);
  const language = state && (state.language ?? 'en');
  useSyncExternalStore(subscribe, shownLanguage);
  useEffect(() => {
    if (language !== undefined) void showLanguage(language).then(() => setSpeaks(true));
  }, [language]);
  return speaks;
}

export const shownLanguage = (): Language => shown;

/** For dates and numbers: as the person's system writes them, where that is the same language. */
export const locale = (): string => (navigator.language.split('-')[0] === shown ? navigator.language : shown);

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
