// As a whole, since a name that an older Electron lacks would end the start.
import * as electron from 'electron';
import { secretFormats } from './secret-formats.ts';

/** What Electron has from 45 on. */
type ClipboardOfItems = {
  clipboard: { write(items: unknown[]): Promise<void> };
  ClipboardItem: new (formats: ReturnType<typeof secretFormats>) => unknown;
};

/** Puts a secret on the clipboard with its marks in one go; without them where Electron (before 45) or the system cannot. */
export async function writeSecret(secret: string): Promise<void> {
  try {
    const { clipboard, ClipboardItem } = electron as unknown as ClipboardOfItems;
    await clipboard.write([new ClipboardItem(secretFormats(secret))]);
    if ((await electron.clipboard.readText()) === secret) return;
  } catch {
    // The text alone is what the person asked for.
  }
  await electron.clipboard.writeText(secret);
}
