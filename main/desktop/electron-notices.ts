import { Notification } from 'electron';
import type { ShowNotice } from './notifications.ts';

/** Notifications of macOS and Windows, which take the text as text and never wait for anybody. */
export function electronNotices(): { show: ShowNotice; close(): Promise<void> } {
  // Electron keeps no reference: without this one, a collected notification loses its click.
  const open = new Set<Notification>();
  return {
    show({ title, body }, onClick) {
      if (!Notification.isSupported()) return { shown: Promise.resolve(false), close: () => undefined };
      const notification = new Notification({ title, body });
      open.add(notification);
      const shown = new Promise<boolean>((resolve) => {
        notification.once('show', () => resolve(true));
        notification.once('failed', () => {
          open.delete(notification);
          resolve(false);
        });
      });
      notification.on('click', onClick);
      notification.on('close', () => open.delete(notification));
      notification.show();
      return { shown, close: () => notification.close() };
    },
    async close() {
      for (const notification of open) notification.close();
    },
  };
}
