import { defined } from '../base/defined.ts';
import { assertNever, toProblem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import type { DesktopActions } from './actions.ts';
import { plainName, timeOfDay } from './labels.ts';
import type { Notice } from './notices.ts';
import type { TrayCommand } from './tray-menu.ts';

export interface TrayParts {
  actions: DesktopActions;
  state(): Pick<AppState, 'databaseSessions' | 'accounts' | 'policies'>;
  notifier: { tell(notice: Notice): void };
  openWindow(): void;
  /** Asks what logins wait for. */
  answer(): void;
  /** Asks before something that cannot be undone. */
  confirm(question: Question): Promise<boolean>;
}

export interface Question {
  message: string;
  detail: string;
  /** The verb of what will happen. */
  yes: string;
}

/**
 * Runs what was chosen in the tray menu; a menu cannot show the outcome itself, so it is told as a notice. What ends database
 * sessions asks first, with their number.
 */
export function createTrayCommands(parts: TrayParts): (command: TrayCommand) => void {
  const { actions, notifier, openWindow } = parts;

  /** @param as whose sessions end; without it all do */
  async function mayEnd(what: string, yes: string, as?: string): Promise<boolean> {
    const { databaseSessions, accounts } = parts.state();
    const username = accounts.find(({ account }) => account.objectId === as)?.account.username;
    const { length } = databaseSessions.filter(
      (session) => as === undefined || session.username === username,
    );
    if (length === 0) return true;
    const sessions = length === 1 ? 'One live database session ends' : `${length} live database sessions end`;
    return parts.confirm({
      message: what,
      detail: `${sessions} at once: queries that are running stop, and open transactions are rolled back.`,
      yes,
    });
  }

  async function run(command: TrayCommand): Promise<void> {
    switch (command.kind) {
      case 'open':
        openWindow();
        return;
      case 'answer':
        parts.answer();
        return;
      case 'sign-in': {
        // The code and the warning that goes with it are shown by the window.
        openWindow();
        await actions.signIn(defined({ provider: command.provider, way: command.way }));
        return;
      }
      case 'copy-code':
        await actions.copyCode({});
        return;
      case 'open-page':
        await actions.openVerificationPage({});
        return;
      case 'cancel-sign-in':
        await actions.cancelSignIn({});
        return;
      case 'copy-token': {
        const copied = await actions.copyToken({
          connection: command.connection,
          role: command.role,
          ...defined({ as: command.as }),
        });
        notifier.tell({
          title: `Token for ${plainName(command.connection)} copied`,
          body: `Paste it as the password. It is valid until ${timeOfDay(copied.expiresAt)} and leaves the clipboard by itself.`,
        });
        return;
      }
      case 'sign-out':
        if (await mayEnd('Sign out?', 'Sign out', command.as))
          await actions.signOut(command.as === undefined ? { all: true } : { as: command.as });
        return;
      case 'end-sessions':
        if (await mayEnd('End all sessions?', 'End all')) await actions.cutSessions({ all: true });
        return;
      case 'lock': {
        // As the configuration has it for a locked screen, which may leave sessions alone.
        const ends = (parts.state().policies?.onLock.value ?? 'keep') !== 'keep';
        if (!ends || (await mayEnd('Lock?', 'Lock'))) await actions.lock({});
        return;
      }
      case 'unlock':
        await actions.unlockAtScreen({});
        return;
      case 'quit':
        if (await mayEnd('Quit Latchkey?', 'Quit')) await actions.quit({});
        return;
      default:
        assertNever(command);
    }
  }

  return (command) => {
    run(command).catch((error: unknown) => {
      const { message, remedy } = toProblem(error);
      notifier.tell({ title: message, body: remedy ?? '' });
    });
  };
}
