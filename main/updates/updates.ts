import { LatchkeyError, toProblem } from '../contract/errors.ts';
import { updateText } from '../contract/update-text.ts';
import type { UpdateState } from '../contract/update-state.ts';
import type { OwnApplication, Updates, UpdateWishes } from './ports.ts';
import { createSearch, type SearchOptions } from './search.ts';

export interface UpdateOptions extends SearchOptions {
  /** How soon to look again, in ms. */
  nextLook?: (last: Last) => number;
}

/** What has come of the last look. */
type Last = 'none' | 'failed' | 'done';
type Now = UpdateState['now'];
type Off = Extract<Now, { kind: 'off' }>;

const pauses = { none: 60_000, failed: 3600_000, done: 6 * 3600_000 };
/** The first look comes when whoever has just come has seen what they came for; a company's computers spread the rest. */
const usualNextLook = (last: Last): number => pauses[last] * (0.9 + Math.random() / 5);

/**
 * Looks for newer versions of this application now and then, downloads them, and installs them when a person says so. Nobody
 * is asked where updates are off, the application is not packaged, or it has no release key.
 */
export function openUpdates(options: UpdateOptions): Updates {
  const { application, wishes, audit, changed, nextLook = usualNextLook } = options;
  const search = createSearch(options);
  let looking: Promise<void> | undefined;
  let installing = false;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let counting = JSON.stringify(wishes());
  /** The end of what was under way for other settings. */
  let dropped: Promise<unknown> = Promise.resolve();
  const off = () => offReason(application, wishes());

  function schedule(last: Last): void {
    clearTimeout(timer);
    if (isClosed || off() !== undefined) return;
    timer = setTimeout(() => void check().catch(() => undefined), nextLook(last));
    timer.unref();
  }

  async function check(): Promise<void> {
    demandOn(off());
    await dropped;
    if (search.isDownloading() || installing || isClosed) return;
    clearTimeout(timer);
    looking ??= search.look().finally(() => {
      looking = undefined;
      schedule(search.state().now.kind === 'failed' ? 'failed' : 'done');
    });
    return looking;
  }

  async function install(endSessions: boolean): Promise<void> {
    demandOn(off());
    const ready = search.ready();
    if (ready === undefined || installing) throw notReady(search.state().now);
    const { version, installer } = ready;
    const mayEnd = (): number => {
      const live = options.liveSessions();
      if (live > 0 && !endSessions) throw sessionsOpen(live);
      return live;
    };
    mayEnd();
    installing = true;
    try {
      await installer.install(async () => {
        // Somebody may have logged in while the file was put in place.
        const ended = mayEnd();
        await audit.append({ event: 'update-installed', from: application.version, to: version, ended });
      });
    } catch (error) {
      if (toProblem(error).code !== 'sessions-open') await search.failed(error, version);
      throw error;
    } finally {
      installing = false;
    }
  }

  schedule('none');
  return {
    state() {
      const { now, checkedAt } = search.state();
      return {
        now: off() ?? now,
        ...shownWishes(wishes()),
        ...(checkedAt === undefined ? {} : { checkedAt }),
      };
    },
    check,
    install,
    configurationChanged() {
      const next = JSON.stringify(wishes());
      if (next === counting) return;
      counting = next;
      dropped = Promise.allSettled([looking, search.drop()]);
      schedule('none');
      changed();
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await Promise.allSettled([looking, search.drop()]);
    },
  };
}

function offReason({ isPackaged, releaseKeys }: OwnApplication, { enabled }: UpdateWishes): Off | undefined {
  if (!isPackaged) return { kind: 'off', reason: 'not-packaged' };
  if (releaseKeys.length === 0) return { kind: 'off', reason: 'no-key' };
  return enabled.value ? undefined : { kind: 'off', reason: 'configuration', origin: enabled.origin };
}

export function shownWishes({ channel, version, server }: UpdateWishes) {
  return {
    channel,
    ...(version === undefined ? {} : { pinned: { version: version.value, origin: version.origin } }),
    ...(server === undefined ? {} : { server: { address: server.value, origin: server.origin } }),
  };
}

/** @throws LatchkeyError `updates-off` */
export function demandOn(off: Off | undefined): void {
  if (off === undefined) return;
  const { text, more } = updateText({ now: off });
  throw new LatchkeyError('updates-off', text, { remedy: more });
}

function notReady(state: Now): LatchkeyError {
  return new LatchkeyError('update-not-ready', 'There is no newer version that is ready.', {
    remedy: updateText({ now: state }).text,
  });
}

function sessionsOpen(live: number): LatchkeyError {
  const message =
    live === 1
      ? 'A database session is open, and would end with the restart.'
      : `${live} database sessions are open, and would end with the restart.`;
  return new LatchkeyError('sessions-open', message, {
    remedy: 'End them first, or say that they may end: latchkey update install --end-sessions',
  });
}
