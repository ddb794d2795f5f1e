import type { Language } from '../../contract/language.ts';
import { de } from './de.ts';
import { type DesktopTexts, en } from './en.ts';

export type { DesktopTexts };

const texts: Record<Language, DesktopTexts> = { en, de };

/** In the language of the windows. */
export const textsOf = ({ language = 'en' }: { language?: Language | undefined }): DesktopTexts =>
  texts[language];
