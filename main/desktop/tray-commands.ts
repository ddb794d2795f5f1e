import { defined } from '../base/defined.ts';
import { assertNever, toProblem } from '../contract/errors.ts';
import type { DesktopActions } from './actions.ts';
import { plainName, timeOfDay } from './labels.ts';
import type { Notice } from './notices.ts';
import type { TrayCommand } from './tray-menu.ts';

/** Runs what was chosen in the tray menu; a menu cannot show the outcome itself, so it is told as a notice. */
export function createTrayCommands(
  actions: DesktopActions,
  notifier: { tell(notice: Notice): void },
  openWindow: () => void,
): (command: TrayCommand) => void {
  async function run(command: TrayCommand): Promise<void> {
    switch (command.kind) {
      case 'open':
        openWindow();
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
          body: `Paste it as the password. It is valid until ${timeOfDay(copied.expiresAt)} and leaves the clipboard in a minute.`,
        });
        return;
      }
      case 'sign-out':
        await actions.signOut(command.as === undefined ? { all: true } : { as: command.as });
        return;
      case 'quit':
        await actions.quit({});
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
