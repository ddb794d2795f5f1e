import { dialog } from 'electron';
import type { Question } from './tray-commands.ts';

/** For what is asked outside of the window; the way back is the default. */
export async function askInBox({ message, detail, yes, cancel }: Question): Promise<boolean> {
  const { response } = await dialog.showMessageBox({
    type: 'question',
    title: 'Latchkey',
    message,
    detail,
    buttons: [yes, cancel],
    defaultId: 1,
    cancelId: 1,
  });
  return response === 0;
}
