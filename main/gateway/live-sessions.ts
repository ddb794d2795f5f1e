import type { SessionTraffic } from './ports.ts';
import type { Traffic } from './splice.ts';

/** Ends a session; `reason` is a sentence for the client. */
type Cut = (reason: string) => void;

export type LiveSessions = ReturnType<typeof createLiveSessions>;

/** Every session that the broker has allowed and that has not ended, those included that are still being opened. */
export function createLiveSessions() {
  const cuts = new Map<string, Cut>();
  /** Sessions to cut as soon as they appear; see `deciding`. */
  const early = new Map<string, string>();
  /** Sessions whose pipe stands, and what was told of each last. */
  const pipes = new Map<string, { count(): Traffic; told: number }>();
  let undecided = 0;
  let closing: string | undefined;
  const hurry = new AbortController();

  return {
    /**
     * Call before the broker is asked; call what it returns after `add`. The broker may revoke a session before its own
     * answer has arrived here: in between, `cut` remembers ids that it does not know.
     */
    deciding(): () => void {
      undecided += 1;
      return () => {
        undecided -= 1;
        if (undecided === 0) early.clear();
      };
    },
    add(sessionId: string, cut: Cut): void {
      cuts.set(sessionId, cut);
      const reason = closing ?? early.get(sessionId);
      if (reason !== undefined) cut(reason);
    },
    opened(sessionId: string, count: () => Traffic): void {
      pipes.set(sessionId, { count, told: 0 });
    },
    remove(sessionId: string): void {
      cuts.delete(sessionId);
      pipes.delete(sessionId);
    },
    /** What has gone through the sessions in which something has since the last call. */
    traffic(): SessionTraffic[] {
      const news: SessionTraffic[] = [];
      for (const [sessionId, pipe] of pipes) {
        const traffic = pipe.count();
        const sum = traffic.bytesFromClient + traffic.bytesFromUpstream;
        if (sum === pipe.told) continue;
        pipe.told = sum;
        news.push({ sessionId, ...traffic });
      }
      return news;
    },
    cut(sessionIds: Iterable<string>, reason: string): void {
      for (const sessionId of sessionIds) {
        const cut = cuts.get(sessionId);
        if (cut !== undefined) cut(reason);
        else if (undecided > 0) early.set(sessionId, reason);
      }
    },
    /** Cuts every session, and each that is yet to come. */
    close(reason: string): void {
      closing = reason;
      for (const cut of cuts.values()) cut(reason);
    },
    /** Sessions whose pipe stands. */
    get size(): number {
      return pipes.size;
    },
    /** Aborts where those who still end sessions shall come to an end themselves. */
    hurry: hurry.signal,
    /** No more time is left after {@link close}. */
    timeIsUp: () => hurry.abort(),
    get closing(): boolean {
      return closing !== undefined;
    },
  };
}
