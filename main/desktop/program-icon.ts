import { app } from 'electron';
import { linuxIcon } from './linux-icon.ts';

/** The icon of a program's file as the system shows it, as a data URL; undefined where it has none of its own. */
export async function programIcon(path: string): Promise<string | undefined> {
  // On Linux this would be the same cog wheel for every program.
  if (process.platform === 'linux') return linuxIcon(path);
  try {
    const icon = await app.getFileIcon(path, { size: 'normal' });
    return icon.isEmpty() ? undefined : icon.toDataURL();
  } catch {
    return undefined;
  }
}
