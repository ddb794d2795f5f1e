import { app, ipcMain, type Rectangle } from 'electron';
import { actionSchemas } from '../contract/action-schemas.ts';
import { actions } from '../contract/actions.ts';
import { toLogText } from '../contract/errors.ts';
import { serveActions } from './ipc.ts';
import { setApplicationMenu } from './menu.ts';
import { openPages, type Pages, type WindowFiles } from './page-window.ts';
import type { Starter } from './starter.ts';
import { createMainWindow, type MainWindow } from './windows.ts';

/** What the window may ask for whether Latchkey has started or not. */
const { getStart, tryStart, openConfiguration, quit } = actions;
const always = { getStart, tryStart, openConfiguration, quit };

/** The window with the actions that need no broker; the others come when it has started. */
export function openStartWindow(
  files: WindowFiles & { bounds(): Rectangle | undefined },
  starter: Pick<Starter, 'actions'>,
  log: (line: string) => void,
): { window: MainWindow; pages: Pages } {
  const developerTools = !app.isPackaged;
  const pages = openPages(files, developerTools);
  const window = createMainWindow(pages, files.bounds);
  setApplicationMenu(developerTools);
  serveActions({
    ipcMain,
    table: always,
    schemas: actionSchemas,
    handlers: { ...starter.actions, quit: async () => app.quit() },
    mayAsk: (sender) => window.owns(sender),
    report: (error) => log(`unexpected error in the desktop application: ${toLogText(error)}`),
  });
  return { window, pages };
}

/** The rest of the table. */
export const onceStarted: Omit<typeof actions, keyof typeof always> = Object.fromEntries(
  Object.entries(actions).filter(([name]) => !Object.hasOwn(always, name)),
) as never;
