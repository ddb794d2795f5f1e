import type { AppState, PeerProcess } from '../contract/state.ts';
import type { DesktopTexts } from './texts/en.ts';

/** Characters that steer text instead of being text: control, bidirectional and line separators. */
// oxlint-disable-next-line no-control-regex -- these are what has to go
const steering = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const longest = 60;

/**
 * A name out of the directory or the configuration as it may stand in a native menu, a tooltip or a notification: on
 * one line, not longer than 60 characters, isolated so that right-to-left text does not reorder what stands around it.
 */
export function plainName(text: string): string {
  return plain(text, longest);
}

/** The same of a sentence that may hold such a name. */
export function plainSentence(text: string): string {
  return plain(text, 300);
}

function plain(text: string, most: number): string {
  const clean = text.replace(steering, ' ').replace(/ {2,}/g, ' ').trim();
  const characters = Array.from(clean);
  const cut = characters.length > most ? `${characters.slice(0, most - 1).join('')}…` : clean;
  return rightToLeft.test(cut) ? `\u2068${cut}\u2069` : cut;
}

/** The program as the system names it, at the start of a sentence; what a client calls itself is no name for it. */
export function programName(process: PeerProcess | undefined, t: DesktopTexts): string {
  return process === undefined ? t.unknownProgram : plainName(process.program);
}

export function connectionTitle({ connections }: AppState, connection: string): string {
  return plainName(connections.find(({ name }) => name === connection)?.title ?? connection);
}

/** In native menus `&` marks the next letter as the access key; doubled it is itself. */
export function menuLabel(text: string): string {
  return text.replaceAll('&', '&&');
}

/** Time of day in the person's own format, such as 17:30. */
export function timeOfDay(iso: string): string {
  return new Date(iso).toLocaleTimeString([], { timeStyle: 'short' });
}
