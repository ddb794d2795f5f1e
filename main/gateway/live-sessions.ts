/** Ends a session; `reason` is a sentence for the client. */
type Cut = (reason: string) => void;

export type LiveSessions = ReturnType<typeof createLiveSessions>;

/** Every session that the broker has allowed and that has not ended, those included that are still being opened. */
export function createLiveSessions() {
  const cuts = new Map<string, Cut>();
  /** Sessions to cut as soon as they appear; see `deciding`. */
  const early = new Map<string, string>();
  let undecided = 0;
  let closing: string | undefined;

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
    remove(sessionId: string): void {
      cuts.delete(sessionId);
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
    get closing(): boolean {
      return closing !== undefined;
    },
  };
}
