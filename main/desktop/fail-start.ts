import { app, dialog } from 'electron';
import { toLogText, toProblem } from '../contract/errors.ts';

/** Ends a start that cannot even be tried: the person is told why, as no window will. */
export async function failStart(error: unknown, log: (line: string) => void): Promise<void> {
  log(toLogText(error));
  const { message, remedy } = toProblem(error);
  await app.whenReady();
  dialog.showErrorBox('Latchkey', remedy === undefined ? message : `${message}\n\n${remedy}`);
  app.exit(1);
}
