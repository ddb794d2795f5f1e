import { BrowserWindow, dialog, type OpenDialogOptions, type SaveDialogOptions } from 'electron';

/** Files that the person chooses in a dialog of the system; undefined where they think better of it. */
export interface ChosenFiles {
  open(title: string): Promise<string | undefined>;
  save(title: string, name: string): Promise<string | undefined>;
}

/** The dialogs of the system, before the window that asks. */
export const chosenFiles: ChosenFiles = {
  async open(title) {
    const options: OpenDialogOptions = { title, properties: ['openFile', 'showHiddenFiles'] };
    const window = BrowserWindow.getFocusedWindow();
    const { filePaths } = await (window === null
      ? dialog.showOpenDialog(options)
      : dialog.showOpenDialog(window, options));
    return filePaths[0];
  },
  async save(title, name) {
    const options: SaveDialogOptions = {
      title,
      defaultPath: name,
      // Windows and macOS ask by themselves.
      properties: ['showOverwriteConfirmation'],
    };
    const window = BrowserWindow.getFocusedWindow();
    const { filePath, canceled } = await (window === null
      ? dialog.showSaveDialog(options)
      : dialog.showSaveDialog(window, options));
    return canceled ? undefined : filePath;
  },
};
