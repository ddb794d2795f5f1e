import { setTimeout as sleep } from 'node:timers/promises';
import type { Preferences } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { HowAsked } from './prompt-window.ts';
import {
  msToDeadlineNotice,
  type Notice,
  noticeOfDeadline,
  noticeOnChange,
  promptNotices,
} from './notices.ts';

export interface ShownNotice {
  /** Settles once the system has taken it (true) or cannot show it (false); perhaps late or never. Never rejects. */
  shown: Promise<boolean>;
  close(): void;
}

/** Hands a notice to the system; returns at once. `urgent`: somebody waits for the answer. */
export type ShowNotice = (notice: Notice & { urgent: boolean }, onClick: () => void) => ShownNotice;

export interface NotifierParts {
  show: ShowNotice;
  isWatched(): boolean;
  /** As the person has chosen. */
  wishes(): Pick<Preferences, 'notifications' | 'whenLoginWaits'>;
  /** A sound, for whoever looks elsewhere. */
  beep(): void;
  openWindow(): void;
  /** Shows what logins wait for; `beside` leaves the keyboard where it is. */
  ask(how: HowAsked): void;
}

export interface Notifier {
  update(state: AppState): void;
  /** Something to say that does not come from the state: what a tray command did. */
  tell(notice: Notice): void;
  close(): void;
}

/** A computer that sleeps stops timers: the clock is looked at again after this long. */
const longestWaitMs = 5 * 60_000;
/** A notification that the system has not taken by then counts as not seen. */
const takenMs = 1500;

/**
 * Tells of changes by the system's notifications, only while the person is not looking at a window of ours. A click on any
 * of them opens one: action buttons do not exist everywhere. What a login waits for is asked as the person has chosen; a
 * notification of it that does not come about in time is not all there is, since a login waits for the answer.
 */
export function createNotifier(parts: NotifierParts): Notifier {
  const ofPrompts = new Map<string, ShownNotice>();
  let last: AppState | undefined;
  const warned = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  function tell(notice: Notice): void {
    if (parts.wishes().notifications) parts.show({ ...notice, urgent: false }, parts.openWindow);
  }

  /** One notification for each prompt; it goes when the prompt does, so that nobody answers one that is over. */
  function tellPrompts(before: AppState | undefined, state: AppState): void {
    for (const [id, notification] of ofPrompts) {
      if (state.prompts.some((prompt) => prompt.id === id)) continue;
      ofPrompts.delete(id);
      notification.close();
    }
    if (parts.isWatched()) return;
    const notices = promptNotices(before, state);
    if (notices.length === 0) return;
    const { notifications, whenLoginWaits } = parts.wishes();
    const isAsked = whenLoginWaits !== 'notify' || !notifications;
    if (isAsked) askAloud(whenLoginWaits === 'front' ? 'front' : 'beside');
    // A window that leaves the keyboard where it is may be on another workspace, or behind what fills the screen.
    if (!notifications || whenLoginWaits === 'front') return;
    for (const { promptId, ...notice } of notices) {
      const notification = parts.show({ ...notice, urgent: true }, () => parts.ask('front'));
      ofPrompts.set(promptId, notification);
      if (!isAsked) void raiseUnlessShown(promptId, notification);
    }
  }

  async function raiseUnlessShown(promptId: string, notification: ShownNotice): Promise<void> {
    const timeout = sleep(takenMs, false, { ref: false });
    if (await Promise.race([notification.shown, timeout])) return;
    if (ofPrompts.get(promptId) === notification && !parts.isWatched()) askAloud('beside');
  }

  function askAloud(how: HowAsked): void {
    parts.beep();
    parts.ask(how);
  }

  function warnOfDeadline(): void {
    clearTimeout(timer);
    if (last === undefined) return;
    const now = Date.now();
    for (;;) {
      const warning = noticeOfDeadline(last, now, warned);
      if (warning === undefined) break;
      warned.add(warning.deadline);
      if (!parts.isWatched()) tell(warning.notice);
    }
    const next = msToDeadlineNotice(last, now);
    if (next !== undefined) timer = setTimeout(warnOfDeadline, Math.min(next, longestWaitMs));
  }

  return {
    update(state) {
      const notice = noticeOnChange(last, state);
      tellPrompts(last, state);
      last = state;
      if (notice !== undefined && !parts.isWatched()) tell(notice);
      warnOfDeadline();
    },
    tell,
    close() {
      clearTimeout(timer);
      for (const notification of ofPrompts.values()) notification.close();
      ofPrompts.clear();
    },
  };
}
