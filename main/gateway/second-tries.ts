import type { PeerIdentity } from './peers/identity.ts';
import type { LoginAttempt, Refusal } from './ports.ts';

/** A client that tries again does so at once. */
const secondTryMs = 2000;
const mostSecondTries = 1000;

type Client = Pick<LoginAttempt, 'clientUser' | 'database'>;

/**
 * Clients that prefer TLS and do without it where there is none (libpq's and pgJDBC's default) take any refusal inside TLS
 * for a reason to try once more in clear. Nobody shall be asked a second time for that, or wait a second time: the same
 * process gets the same answer. Who the process is has to be known.
 */
export function createSecondTries(now: () => number = () => performance.now()) {
  const refused = new Map<string, { refusal: Refusal; until: number }>();

  function keyOf({ clientUser, database }: Client, { process }: PeerIdentity): string | undefined {
    return process === undefined ? undefined : JSON.stringify([process.pid, clientUser, database]);
  }

  return {
    /** A login inside TLS is told this now. */
    refused(client: Client, peer: PeerIdentity, refusal: Refusal): void {
      const key = keyOf(client, peer);
      if (key === undefined) return;
      for (const [other, { until }] of refused)
        if (until < now() || refused.size >= mostSecondTries) refused.delete(other);
      refused.set(key, { refusal, until: now() + secondTryMs });
    },
    /** What the same client has just been told inside TLS, where it comes without; once. */
    answerFor(client: Client, peer: PeerIdentity): Refusal | undefined {
      const key = keyOf(client, peer);
      const found = key === undefined ? undefined : refused.get(key);
      if (key === undefined || found === undefined) return undefined;
      refused.delete(key);
      return found.until < now() ? undefined : found.refusal;
    },
  };
}
