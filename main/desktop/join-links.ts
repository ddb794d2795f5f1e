import { app } from 'electron';
import { addressInJoinLink } from '../contract/join-link.ts';
import type { AppState } from '../contract/state.ts';

export type JoinLinks = ReturnType<typeof createJoinLinks>;

/**
 * The link to an organisation that was opened last, until the person has answered it. It leads to the question and no
 * further: nothing is fetched for it.
 * @param args of this start
 */
export function createJoinLinks(args: readonly string[]) {
  let address = addressIn(args);
  const listeners: (() => void)[] = [];
  function open(from: readonly string[]): void {
    address = addressIn(from) ?? address;
    for (const listener of listeners) listener();
  }
  // Packages of macOS and Linux say so themselves.
  if (process.platform === 'win32' && app.isPackaged) app.setAsDefaultProtocolClient('latchkey');
  app.on('second-instance', (_, argv) => open(argv));
  app.on('open-url', (event, url) => {
    event.preventDefault();
    open([url]);
  });
  return {
    isOpen: (): boolean => address !== undefined,
    /** Called when Latchkey was started once more, with a link or without. */
    onOpen: (listener: () => void): void => void listeners.push(listener),
    shownIn: (state: AppState): AppState => (address === undefined ? state : { ...state, joinLink: address }),
    dismiss(): void {
      address = undefined;
      for (const listener of listeners) listener();
    },
  };
}

/** Of the arguments of a start, which Chromium may have added to. */
function addressIn(args: readonly string[]): string | undefined {
  return args.flatMap((arg) => addressInJoinLink(arg) ?? []).at(-1);
}
