import { Menu, type MenuItemConstructorOptions } from 'electron';

/**
 * The window's menu, hidden until Alt on Windows and Linux. It is there for its keys: zoom, copy, close, quit.
 * Roles bring the labels in the system's language.
 */
export function setApplicationMenu(developerTools: boolean): void {
  const view: MenuItemConstructorOptions[] = [
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    // On most keyboards the plus sign needs Shift; people press the key without it.
    { role: 'zoomIn', accelerator: 'CommandOrControl+=', visible: false },
    { role: 'zoomOut' },
    { role: 'togglefullscreen' },
  ];
  if (developerTools) view.push({ type: 'separator' }, { role: 'toggleDevTools' });
  const application: MenuItemConstructorOptions =
    process.platform === 'darwin'
      ? { role: 'appMenu' }
      : { label: '&Latchkey', submenu: [{ role: 'close' }, { type: 'separator' }, { role: 'quit' }] };
  const template: MenuItemConstructorOptions[] = [
    application,
    { role: 'editMenu' },
    { label: '&View', submenu: view },
    { role: 'windowMenu' },
  ];
  Menu.setApplicationMenu(Menu.buildFromTemplate(template));
}
