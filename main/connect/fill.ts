import { LatchkeyError } from '../contract/errors.ts';
import { passwordPlaceholder, type Merge, type Settings, type SettingsFile } from './types.ts';

/** What a person is shown where the password would stand. */
export const shownPassword = '<password>';

/**
 * Puts the password into a text. A handle consists of characters that no format has to escape; anything else is
 * refused, since the text around it was escaped before.
 */
export function fill(text: string, password: string): string {
  if (password !== shownPassword && !/^[A-Za-z0-9_-]{1,200}$/.test(password)) {
    throw new LatchkeyError('internal', 'The password that was issued has characters it must not have.');
  }
  return text.replaceAll(passwordPlaceholder, password);
}

/** Fields and texts with the password in them; files keep the placeholder until they are written. */
export function fillShown(settings: Settings, password: string): Settings {
  return {
    ...settings,
    fields: settings.fields.map((field) => ({ ...field, value: fill(field.value, password) })),
    texts: settings.texts.map((entry) => ({ ...entry, text: fill(entry.text, password) })),
  };
}

export function fillMerge(merge: Merge, password: string): Merge {
  switch (merge.kind) {
    case 'sections':
      return {
        ...merge,
        sections: merge.sections.map(({ name, lines }) => ({
          name,
          lines: lines.map((line) => fill(line, password)),
        })),
      };
    case 'pgpass':
      return { ...merge, line: fill(merge.line, password) };
    case 'whole':
      return { ...merge, text: fill(merge.text, password) };
  }
}

/** The file's part as a text to show, with the placeholder in it. */
export function textOf({ merge }: Pick<SettingsFile, 'merge'>): string {
  switch (merge.kind) {
    case 'sections':
      return merge.sections.map(({ name, lines }) => [`[${name}]`, ...lines].join('\n')).join('\n\n');
    case 'pgpass':
      return merge.line;
    case 'whole':
      return merge.text;
  }
}
