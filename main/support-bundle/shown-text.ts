import { isLoopbackHost } from '../contract/loopback.ts';
import { redacted } from '../log/log.ts';
import type { Placeholders } from './placeholders.ts';

/** What a text is cut into where it is not plain words; the first that fits at a place is taken. */
const parts = {
  time: String.raw`\d{4}-\d\d-\d\dT[\d:.]+Z`,
  // Of a stack trace.
  node: String.raw`node:[\w/]+(?::\d+)*`,
  url: String.raw`[a-z][a-z0-9+.-]*:\/\/[^\s"'<>()]+`,
  quoted: String.raw`"(?:\\.|[^"\\\n])*"|(?<![\p{L}\p{N}])'[^'\n]*'(?![\p{L}\p{N}])`,
  mail: String.raw`[^\s"'<>()@,;:=]+@[^\s"'<>()@,;:]+`,
  path: String.raw`(?:\b[a-z]:)?[^\s"'<>()=,;:]*[\\/][^\s"'<>()]*`,
  guid: String.raw`\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b`,
  ipv6: String.raw`(?<![\w:])(?:[0-9a-f]{0,4}:){2,}[0-9a-f.:]*`,
  dotted: String.raw`[\p{L}\p{N}_-]+(?:\[\d+\])?(?:\.[\p{L}\p{N}_-]+(?:\[\d+\])?)+`,
  mixed: String.raw`[\p{L}\p{N}_-]{8,}`,
};
type Part = keyof typeof parts;

/** A file of the program itself, with line and column. */
const ownFile = /(?:^|[\\/])((?:dist[\\/])?main[\\/](?:[\w.-]+[\\/])*[\w.-]+\.[cm]?[jt]s(?::\d+)*)$/i;

/**
 * Makes what a program has said fit for strangers: whatever has a placeholder is told by it, and what looks like a person, a
 * place, a file, an id or a key gets one. Words stay.
 * @param ownWords in lower case; they stay wherever they stand
 */
export function createTextFilter(
  placeholders: Placeholders,
  ownWords: ReadonlySet<string>,
): (text: string) => string {
  const names = createNames(placeholders, ownWords);
  const forms = Object.entries(parts).map(([name, form]) => `(?<${name}>${form})`);
  const pattern = new RegExp([...names.forms, ...forms].join('|'), 'giu');

  function instead(part: Part | 'named' | 'namedInQuotes', text: string): string {
    switch (part) {
      case 'named':
        return names.instead(text);
      case 'namedInQuotes':
        return `${text.slice(0, 1)}${names.instead(text.slice(1, -1))}${text.slice(-1)}`;
      case 'time':
      case 'node':
        return text;
      case 'quoted':
        return quoted(text);
      case 'url':
        return ownFileIn(text) ?? trimmed(text, (address) => placeholders.of('address', address));
      case 'path':
        return ownFileIn(text) ?? trimmed(text, (path) => placeholders.of('file', path));
      case 'mail':
        return trimmed(text, (name) => placeholders.of('user', name));
      case 'guid':
        return placeholders.of('id', text);
      case 'ipv6':
        return text === '::1' || /^\d\d:\d\d:\d\d/.test(text) ? text : placeholders.of('host', text);
      case 'dotted':
        return dotted(text);
      case 'mixed':
        return isPlainWord(text) ? names.within(text) : placeholders.of('text', text);
    }
  }

  function quoted(text: string): string {
    const mark = text.slice(0, 1);
    const inner = text.slice(1, -1);
    if (ownWords.has(inner.toLowerCase())) return text;
    return `${mark}${isKey(inner) ? dotted(inner) : placeholders.of('text', inner)}${mark}`;
  }

  /** A key of the configuration, with names in it; a number; or the name of a host. */
  function dotted(text: string): string {
    if (isLoopbackHost(text) || /^\d+(\.\d+){1,2}$/.test(text)) return text;
    return isKey(text)
      ? text.replaceAll(/[^.[\]]+/g, (step) => placeholders.known(step) ?? step)
      : placeholders.of('host', text);
  }

  function isKey(text: string): boolean {
    const steps = text.split(/[.[\]]+/).filter(Boolean);
    return (
      ownWords.has(steps[0]?.toLowerCase() ?? '') &&
      steps.every(
        (step) =>
          /^\d+$/.test(step) || ownWords.has(step.toLowerCase()) || placeholders.known(step) !== undefined,
      )
    );
  }

  function isPlainWord(text: string): boolean {
    const hasBoth = /\p{L}/u.test(text) && /\p{N}/u.test(text);
    // Codes of the system, of Entra ID and of TLS are no secrets.
    return (
      !hasBoth || ownWords.has(text.toLowerCase()) || /^(AADSTS\d+|E[A-Z0-9]+|ERR_[A-Z0-9_]+)$/.test(text)
    );
  }

  return (text) =>
    redacted(text).replaceAll(pattern, (...found: unknown[]) => {
      const groups = found.at(-1) as Partial<Record<Part | 'named' | 'namedInQuotes', string>>;
      const [part, value = ''] = Object.entries(groups).find(([, one]) => one !== undefined) ?? [];
      return instead(part as Part, value);
    });
}

/** What has a placeholder already, as it is written and as the log writes it. */
function createNames(placeholders: Placeholders, ownWords: ReadonlySet<string>) {
  const words = new Map<string, string>();
  for (const value of placeholders.values()) {
    const word = placeholders.known(value) ?? '';
    for (const written of [redacted(value).toLowerCase(), value])
      if (written !== '' && !ownWords.has(written)) words.set(written, word);
  }
  const any = [...words.keys()]
    .toSorted((left, right) => right.length - left.length)
    .map((name) => name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join('|');
  // With what follows it in the name of a file.
  const named = String.raw`(?<![\p{L}\p{N}_])(?:${any})(?:[\\/][^\s"'<>()]*)?(?![\p{L}\p{N}_])`;
  const pattern = new RegExp(named, 'giu');

  const instead = (text: string): string =>
    words.get(text.toLowerCase()) ??
    ownFileIn(text) ??
    trimmed(text, (name) => placeholders.known(name) ?? placeholders.of('file', name));

  return {
    forms: words.size === 0 ? [] : [`(?<namedInQuotes>"(?:${any})"|'(?:${any})')`, `(?<named>${named})`],
    instead,
    /** In a word of several. */
    within: (text: string): string => (words.size === 0 ? text : text.replaceAll(pattern, instead)),
  };
}

function ownFileIn(text: string): string | undefined {
  return ownFile.exec(text)?.[1];
}

/** What ends the sentence is not of the value. */
function trimmed(text: string, instead: (value: string) => string): string {
  const end = /[.,;:!?]*$/.exec(text)?.[0] ?? '';
  const value = text.slice(0, text.length - end.length);
  return `${value === '' ? '' : instead(value)}${end}`;
}
