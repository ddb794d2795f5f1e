import { assertNever } from './errors.ts';
import type { UpdateState } from './update-state.ts';

/** What is so, and what the person can do. */
export interface UpdateText {
  text: string;
  more?: string;
}

/** How it stands with updates, for people; window and command line say the same. */
export function updateText({ now, pinned }: Pick<UpdateState, 'now' | 'pinned'>): UpdateText {
  switch (now.kind) {
    case 'off':
      return offText(now.reason, now.origin);
    case 'unknown':
      return { text: 'Latchkey has not looked for a newer version yet.' };
    case 'checking':
      return { text: 'Latchkey looks for a newer version.' };
    case 'up-to-date':
      if (now.offered !== undefined)
        return {
          text:
            pinned === undefined
              ? 'Latchkey is up to date.'
              : 'Latchkey is newer than the version that is set.',
          more: `The server has version ${now.offered}, which is older. Latchkey does not go back to it by itself.`,
        };
      return {
        text:
          pinned === undefined
            ? 'Latchkey is up to date.'
            : `Latchkey has the version that is set: ${pinned.version}.`,
      };
    case 'available':
      return { text: `Version ${now.version} is there.`, more: howText(now) };
    case 'downloading':
      return { text: `Version ${now.version} is being downloaded: ${now.percent}\u{a0}%.` };
    case 'ready':
      return {
        text: `Version ${now.version} is ready.`,
        more: 'It counts once Latchkey starts anew.',
      };
    case 'failed': {
      const { message, remedy } = now.problem;
      return remedy === undefined ? { text: message } : { text: message, more: remedy };
    }
    default:
      return assertNever(now);
  }
}

type Off = Extract<UpdateState['now'], { kind: 'off' }>;

function offText(reason: Off['reason'], origin: Off['origin']): UpdateText {
  switch (reason) {
    case 'no-screen':
      return {
        text: 'Updates are off: a Latchkey without a screen does not update itself.',
        more: 'Install the newer version with what has installed this one.',
      };
    case 'not-packaged':
      return {
        text: 'Updates are off: this Latchkey runs from its sources.',
        more: 'Fetch the newer sources, and build them.',
      };
    case 'no-key':
      return {
        text: 'Updates are off: this build has no release key.',
        more: 'Without one nobody could tell whose a newer version is. Install it with what has installed this one.',
      };
    case 'configuration':
      return origin === 'organisation'
        ? {
            text: 'Updates are off: your organisation has turned them off.',
            more: 'It brings newer versions to this computer itself.',
          }
        : {
            text: 'Updates are off: your configuration file has turned them off.',
            more: 'They are on again with "enabled: true" under "updates".',
          };
    default:
      return assertNever(reason);
  }
}

function howText({ by, command, address }: Extract<UpdateState['now'], { kind: 'available' }>): string {
  switch (by) {
    case 'deb':
    case 'rpm':
      return `A package manager has installed Latchkey, and brings the newer version: ${command ?? ''} Or install ${address} with it.`;
    case 'archive':
      return `Unpack its archive in place of this one: ${address}`;
    case 'msi':
      return `Whoever administers this computer installs its MSI: ${address}`;
    default:
      return assertNever(by);
  }
}
