import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { app, dialog } from 'electron';
import { toLogText, toProblem } from '../contract/errors.ts';
import { registerAppScheme } from './scheme.ts';
import { openStartWindow } from './start-window.ts';
import { createStarter } from './starter.ts';
import type { WindowFiles } from './page-window.ts';

/**
 * Ends a start that cannot even be tried, once the person has read why in a window of ours. Where that is what cannot be
 * made, the box of the system is all that is left.
 */
export async function failStart(
  error: unknown,
  files: WindowFiles,
  log: (line: string) => void,
): Promise<void> {
  log(toLogText(error));
  if (app.isReady()) {
    const { message, remedy } = toProblem(error);
    dialog.showErrorBox('Latchkey', remedy === undefined ? message : `${message}\n\n${remedy}`);
    app.exit(1);
    return;
  }
  // Where a home should be is what may be unknown.
  app.setPath('userData', mkdtempSync(join(tmpdir(), 'latchkey-')));
  registerAppScheme();
  await app.whenReady();
  const starter = createStarter({
    async start() {
      throw error;
    },
    configuration: undefined,
    openFile: async () => '',
    failed: () => {},
  });
  await starter.run();
  const { window } = openStartWindow({ ...files, bounds: () => undefined }, starter, log);
  window.onClosed(() => app.exit(1));
  window.show();
}
