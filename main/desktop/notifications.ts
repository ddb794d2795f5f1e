import { Notification } from 'electron';
import type { AppState } from '../contract/state.ts';
import { type Notice, noticeOfDeadline, noticeOnChange, promptNotices } from './notices.ts';

export interface Notifier {
  update(state: AppState): void;
  /** Something to say that does not come from the state: what a tray command did. */
  tell(notice: Notice): void;
  close(): void;
}

const deadlineCheckMs = 30_000;

/**
 * Tells of changes by the system's notifications, only while the person is not looking at the window. A click on any
 * of them opens the window: action buttons do not exist everywhere.
 */
export function createNotifier(parts: { isWatched(): boolean; openWindow(): void }): Notifier {
  const open = new Set<Notification>();
  const ofPrompts = new Map<string, Notification>();
  let last: AppState | undefined;
  let warned: string | undefined;

  function tell({ title, body }: Notice): Notification | undefined {
    if (!Notification.isSupported()) return undefined;
    const notification = new Notification({ title, body });
    // Electron keeps no reference: without this one, a collected notification loses its click.
    open.add(notification);
    notification.on('click', () => parts.openWindow());
    notification.on('close', () => open.delete(notification));
    notification.on('failed', () => open.delete(notification));
    notification.show();
    return notification;
  }

  /** One notification for each prompt; it goes when the prompt does, so that nobody answers one that is over. */
  function tellPrompts(before: AppState | undefined, state: AppState): void {
    for (const [id, notification] of ofPrompts) {
      if (state.prompts.some((prompt) => prompt.id === id)) continue;
      ofPrompts.delete(id);
      notification.close();
    }
    if (parts.isWatched()) return;
    for (const notice of promptNotices(before, state)) {
      const notification = tell(notice);
      if (notification !== undefined) ofPrompts.set(notice.promptId, notification);
    }
  }

  function warnOfDeadline(): void {
    const warning = last === undefined ? undefined : noticeOfDeadline(last, Date.now(), warned);
    if (warning === undefined) return;
    warned = warning.deadline;
    if (!parts.isWatched()) tell(warning.notice);
  }

  const timer = setInterval(warnOfDeadline, deadlineCheckMs);
  return {
    update(state) {
      const notice = noticeOnChange(last, state);
      tellPrompts(last, state);
      last = state;
      if (notice !== undefined && !parts.isWatched()) tell(notice);
      warnOfDeadline();
    },
    tell: (notice) => void tell(notice),
    close() {
      clearInterval(timer);
      for (const notification of open) notification.close();
    },
  };
}
