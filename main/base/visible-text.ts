/** Controls, format characters (bidirectional ones among them), separators, lone surrogates, unassigned and private. */
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

/**
 * A name that somebody else has chosen (a program, a database, a host), fit for one line of a notification or a mail:
 * characters that would steer the text or not show at all appear as their code, `[U+202E]`; at most `longest`
 * characters. It stays plain text: HTML and Markdown in it are neither removed nor obeyed.
 */
export function visibleText(name: string, longest = 64): string {
  // Enough for every result, so that a name of megabytes costs nothing.
  const beginning = name.slice(0, longest * 2 + 1);
  const shown = beginning.replace(unseen, codeOf).trim();
  if (shown === '') return '(unknown)';
  const characters = Array.from(shown);
  return characters.length > longest ? `${characters.slice(0, longest - 1).join('')}…` : shown;
}

function codeOf(character: string): string {
  const hex = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `[U+${hex.padStart(4, '0')}]`;
}

/** Date, time and zone of this computer, such as "10 Mar 2026, 09:12 UTC". */
export function momentText(time: number): string {
  return new Intl.DateTimeFormat('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  }).format(time);
}
