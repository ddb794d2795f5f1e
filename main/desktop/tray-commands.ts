import { defined } from '../base/defined.ts';
import { assertNever, toProblem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import type { DesktopActions } from './actions.ts';
import { plainName, timeOfDay } from './labels.ts';
import type { Notice } from './notices.ts';
import { textsOf } from './texts/texts.ts';
import type { TrayCommand } from './tray-menu.ts';

export interface TrayParts {
  actions: DesktopActions;
  state(): Pick<AppState, 'databaseSessions' | 'accounts' | 'policies' | 'language'>;
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
  cancel: string;
}

/**
 * Runs what was chosen in the tray menu; a menu cannot show the outcome itself, so it is told as a notice. What ends database
 * sessions asks first, with their number.
 */
export function createTrayCommands(parts: TrayParts): (command: TrayCommand) => void {
  const { actions, notifier, openWindow } = parts;
  const t = () => textsOf(parts.state());

  /** @param as whose sessions end; without it all do */
  async function mayEnd(what: string, yes: string, as?: string): Promise<boolean> {
    const { databaseSessions, accounts } = parts.state();
    const username = accounts.find(({ account }) => account.objectId === as)?.account.username;
    const { length } = databaseSessions.filter(
      (session) => as === undefined || session.username === username,
    );
    if (length === 0) return true;
    return parts.confirm({
      message: what,
      detail: t().sessionsEnd(length),
      yes,
      cancel: t().cancel,
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
          title: t().tokenCopied(plainName(command.connection)),
          body: t().tokenCopiedBody(timeOfDay(copied.expiresAt)),
        });
        return;
      }
      case 'sign-out':
        if (await mayEnd(t().signOutQuestion, t().signOut, command.as))
          await actions.signOut(command.as === undefined ? { all: true } : { as: command.as });
        return;
      case 'end-sessions':
        if (await mayEnd(t().endAllQuestion, t().endAll)) await actions.cutSessions({ all: true });
        return;
      case 'lock': {
        // As the configuration has it for a locked screen, which may leave sessions alone.
        const ends = (parts.state().policies?.onLock.value ?? 'keep') !== 'keep';
        if (!ends || (await mayEnd(t().lockQuestion, t().lock))) await actions.lock({});
        return;
      }
      case 'unlock':
        await actions.unlockAtScreen({});
        return;
      case 'quit':
        if (await mayEnd(t().quitQuestion, t().quitShort)) await actions.quit({});
        return;
      default:
        assertNever(command);
    }
  }

  return (command) => {
    run(command).catch((error: unknown) => {
      const problem = toProblem(error);
      notifier.tell({ title: t().problem(problem), body: t().remedy(problem) });
    });
  };
}
