import { app } from 'electron';
import { type Link, readLink } from '../contract/link.ts';
import type { AppState } from '../contract/state.ts';

export type Links = ReturnType<typeof createLinks>;

/**
 * The link that was opened last, until the window has followed it. It leads to a place of the window and no further: nothing
 * is fetched, answered or changed for it.
 * @param args of this start
 */
export function createLinks(args: readonly string[]) {
  let opened = linkIn(args);
  const listeners: (() => void)[] = [];
  function open(from: readonly string[]): void {
    opened = linkIn(from) ?? opened;
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
    isOpen: (): boolean => opened !== undefined,
    /** Called when Latchkey was started once more, with a link or without. */
    onOpen: (listener: () => void): void => void listeners.push(listener),
    /** Leads the window there, as a link does. */
    goTo(link: Link): void {
      opened = link;
      for (const listener of listeners) listener();
    },
    shownIn: (state: AppState): AppState => (opened === undefined ? state : { ...state, link: opened }),
    dismiss(): void {
      opened = undefined;
      for (const listener of listeners) listener();
    },
  };
}

/** Of the arguments of a start, which Chromium may have added to. */
function linkIn(args: readonly string[]): Link | undefined {
  return args.flatMap((arg) => readLink(arg) ?? []).at(-1);
}
