/** What the window speaks; the first one where the system prefers none of them. */
export const languages = ['en', 'de'] as const;
export type Language = (typeof languages)[number];

/** What a person may choose. */
export const languageChoices = ['system', ...languages] as const;
