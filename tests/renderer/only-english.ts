import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { de } from '../../renderer/texts/de/texts.ts';

const folder = join(import.meta.dirname, '../../renderer/texts/en');

/** Each group of texts by its name, in English. */
export const english: Record<string, Record<string, unknown>> = Object.assign(
  {},
  ...(await Promise.all(
    globSync('*.ts', { cwd: folder })
      .filter((file) => basename(file) !== 'plural.ts')
      .map((file) => import(join(folder, file)) as Promise<object>),
  )),
) as never;

const german = de as unknown as typeof english;

/** Texts of the window that say something else in German wherever they stand. */
export const onlyEnglish: ReadonlySet<string> = (() => {
  const said = new Set(Object.values(german).flatMap((texts) => Object.values(texts)));
  return new Set(
    Object.entries(english).flatMap(([group, texts]) =>
      Object.entries(texts).flatMap(([key, text]) =>
        typeof text === 'string' && text !== german[group]?.[key] && !said.has(text) ? [text.trim()] : [],
      ),
    ),
  );
})();
