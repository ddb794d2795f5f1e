import type { ActionHandlers } from '../contract/action-schemas.ts';
import { defined } from '../base/defined.ts';
import type { WindowAction } from '../contract/actions.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { aboutActions, type AboutFiles } from './about-actions.ts';
import { bundleFiles } from './bundle-files.ts';
import type { ChosenFiles } from './chosen-files.ts';
import type { SecretClipboard } from './clipboard.ts';
import { copyActions } from './copy-actions.ts';
import { connectActions } from './connect-actions.ts';
import { connectionFiles } from './connection-files.ts';
import { allowedExternalUrl } from './navigation.ts';
import type { Demo } from './demo.ts';
import type { Links } from './links.ts';
import type { DesktopBroker } from './ports.ts';
import type { Shortlist } from './shortlist.ts';
import type { StartAction } from './starter.ts';
import type { WindowLanguage } from './window-language.ts';

/** What the window may ask for once Latchkey runs; the tray acts through these too. */
export type DesktopActions = ActionHandlers<Exclude<WindowAction, StartAction>>;

export interface ActionParts {
  broker: DesktopBroker;
  secrets: SecretClipboard;
  /** For what is no secret: device code, command line and settings of tools. */
  copyText(text: string): void | Promise<void>;
  openExternal(url: string): Promise<void>;
  /** A file or a folder; resolves to an empty string, or to the reason why it could not be opened. */
  openPath(path: string): Promise<string>;
  files: ChosenFiles;
  about: AboutFiles;
  preferences: Pick<DesktopActions, 'getPreferences' | 'setPreferences'>;
  links: Pick<Links, 'shownIn' | 'dismiss'>;
  shortlist: Pick<Shortlist, 'shownIn' | 'used'>;
  /** Of a program's file, as the system shows it; a data URL. */
  programIcon(path: string): Promise<string | undefined>;
  demo: Demo;
  openWindow(page: 'main' | 'prompts'): void;
  language: Pick<WindowLanguage, 'shownIn'>;
  /** A page asks for the whole state. */
  pageBegun(): void;
  quit(): void;
}

export function createActions(parts: ActionParts): DesktopActions {
  const { broker } = parts;

  const waitingCode = () => {
    const { signIn } = broker.state();
    return signIn.kind === 'code' ? signIn : undefined;
  };

  return {
    ...broker.actions,
    async getState() {
      parts.pageBegun();
      return parts.language.shownIn(parts.shortlist.shownIn(parts.links.shownIn(broker.state())));
    },
    dismissLink: async () => parts.links.dismiss(),
    unlockAtScreen: () => broker.unlocked('window'),

    async copyCode() {
      const code = waitingCode();
      if (code === undefined) return false;
      await parts.copyText(code.userCode);
      return true;
    },

    async openVerificationPage() {
      const code = waitingCode();
      if (code === undefined) return false;
      const url = allowedExternalUrl(code.verificationUri, broker.localTenantOrigin?.());
      if (url === undefined) {
        throw new LatchkeyError(
          'request-refused',
          'The sign-in page is not at an address that Latchkey trusts.',
          {
            remedy:
              'Do not enter the code there. Cancel, and ask whoever set up Latchkey to check the authority.',
          },
        );
      }
      await openWithSystem(
        () => parts.openExternal(url),
        'The browser could not be started.',
        `Open ${url} yourself.`,
      );
      return true;
    },

    async readProgramIcon({ id }) {
      const path = broker.state().prompts.find((prompt) => prompt.id === id)?.process?.path;
      return defined({ image: path === undefined ? undefined : await parts.programIcon(path) });
    },

    ...copyActions(parts),
    ...connectActions(parts),
    ...connectionFiles(broker, parts.files),
    ...bundleFiles(broker.actions, parts.files),

    async saveAudit(filter) {
      const path = await parts.files.save('Export the audit', 'latchkey-audit.jsonl');
      return path === undefined ? {} : { path, records: await broker.exportAudit(filter, path) };
    },

    async openAuditFolder() {
      const remedy = `Open the folder ${broker.auditFolder} yourself.`;
      await openWithSystem(
        async () => {
          const failure = await parts.openPath(broker.auditFolder);
          if (failure !== '') throw new Error(failure);
        },
        'The audit folder could not be opened.',
        remedy,
      );
    },

    openWindow: async ({ page }) => parts.openWindow(page),
    startDemo: () => parts.demo.start(),
    ...aboutActions(parts),
    ...parts.preferences,
    quit: async () => parts.quit(),
  };
}

async function openWithSystem(open: () => Promise<void>, message: string, remedy: string): Promise<void> {
  try {
    await open();
  } catch (cause) {
    throw new LatchkeyError('command-failed', message, { remedy, cause });
  }
}
