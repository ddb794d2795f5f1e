import type { Rectangle, WebContents } from 'electron';
import { stateChannel, type WindowAction } from '../contract/actions.ts';
import type { AppState } from '../contract/state.ts';
import { createFlyoutWindow } from './flyout-window.ts';
import type { Pages } from './page-window.ts';
import { createPromptWindow, type HowAsked } from './prompt-window.ts';
import { createStatePatches } from './state-patches.ts';
import type { MainWindow } from './windows.ts';

/** All that the page of the small window may ask for: what answers a prompt, and what it shows. */
const ofPrompts: ReadonlySet<string> = new Set<WindowAction>([
  'getState',
  'readProgramIcon',
  'allowClient',
  'denyPrompt',
  'answerPrompt',
  'askPhone',
  'signIn',
  'cancelSignIn',
  'copyCode',
  'openVerificationPage',
]);

/** All that the page of the window beside the tray icon may ask for. */
const ofFlyout: ReadonlySet<string> = new Set<WindowAction>([
  'getState',
  'copyToken',
  'cutSessions',
  'lock',
  'unlockAtScreen',
  'openWindow',
]);

export interface AppWindows {
  /**
   * Opens the small window beside the tray icon, or the main one where nobody knows where that is.
   * @param icon as the system tells it
   */
  clicked(icon: Rectangle): void;
  /** What the small window beside the icon leads to. */
  open(page: 'main' | 'prompts'): void;
  /** Asks what logins wait for, or shows the main window where none waits any more. */
  ask(how: HowAsked): void;
  isFocused(): boolean;
  /** Whether this is the page of a window of ours that has this action. */
  mayAsk(sender: WebContents, action: string): boolean;
  update(state: AppState): void;
  /** A page asks for the whole state: what it is sent next stands on nothing that it may have missed. */
  begun(): void;
  /** Resolves when all of them are gone. */
  close(): Promise<unknown>;
}

/**
 * The windows of the running application. What logins wait for is asked in one place: in the main window while it has the
 * keyboard, else in a small one of its own, which goes when the person comes to the main one.
 */
export function joinWindows(main: MainWindow, pages: Pages, state: () => AppState): AppWindows {
  const prompts = createPromptWindow(pages);
  const flyout = createFlyoutWindow(pages, state);
  const patches = createStatePatches();
  main.onFocus(() => void prompts.close());
  // The logins still wait.
  prompts.onCrash(() => main.raise());
  function ask(how: HowAsked): void {
    if (state().prompts.length === 0) main.show();
    else prompts.show(how);
  }
  return {
    clicked(icon) {
      if (!flyout.toggle(icon)) main.show();
    },
    open(page) {
      if (page === 'main') main.show();
      else ask('front');
      flyout.hide();
    },
    ask,
    isFocused: () => main.isFocused() || prompts.isFocused(),
    mayAsk: (sender, action) =>
      main.owns(sender) ||
      (prompts.owns(sender) && ofPrompts.has(action)) ||
      (flyout.owns(sender) && ofFlyout.has(action)),
    update(next) {
      const open = [main, prompts, flyout].filter((window) => window.isOpen());
      // Whoever is opened asks for the whole; until then nothing is compared for nobody.
      if (open.length === 0) patches.forget();
      else {
        const patch = patches.next(next);
        if (patch !== undefined) for (const window of open) window.send(stateChannel, patch);
      }
      prompts.update(next);
    },
    begun: patches.forget,
    close: () => Promise.all([main.close(), prompts.close(), flyout.close()]),
  };
}
