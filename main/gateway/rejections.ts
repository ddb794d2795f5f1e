import type { PeerIdentity } from './peers/identity.ts';
import { type OwnerRule, ownerRefusal } from './peers/owner.ts';
import type { Gatekeeper, Refusal } from './ports.ts';

type Rejection = Parameters<Gatekeeper['rejected']>[0];

const perSecond = 10;
/** For those who are not this person: once, and then a sum. */
const strangerMs = 60_000;

export type Rejections = ReturnType<typeof createRejections>;

/**
 * Passes rejections of one listener on, a few of them only: whoever floods the port must not flood the audit. Those
 * left out are counted in the next one.
 */
export function createRejections(tell: Gatekeeper['rejected']) {
  let second = 0;
  let told = 0;
  let unreported = 0;
  /** By user; who is not known is one of them. */
  const strangers = new Map<number | undefined, { timer: NodeJS.Timeout; last: Rejection; more: number }>();

  function hasRoom(): boolean {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      second = now;
      told = 0;
    }
    return told < perSecond;
  }

  function sumUp(uid: number | undefined): void {
    const kept = strangers.get(uid);
    strangers.delete(uid);
    clearTimeout(kept?.timer);
    if (kept === undefined || kept.more === 0) return;
    const { last, more } = kept;
    tell(more === 1 ? last : { ...last, unreported: more - 1 });
  }

  return {
    /** Whether `tell` would tell: else it is not worth finding out whose the client is. */
    hasRoom,
    tell(rejection: Rejection): void {
      if (!hasRoom()) {
        unreported += 1;
        return;
      }
      told += 1;
      tell(unreported === 0 ? rejection : { ...rejection, unreported });
      unreported = 0;
    },
    /** Of another user, or of nobody knows whom: the first is told, and once a minute how many more there were. */
    tellOfStranger(rejection: Rejection): void {
      const { uid } = rejection.peer;
      const kept = strangers.get(uid);
      if (kept !== undefined) {
        kept.last = rejection;
        kept.more += 1;
        return;
      }
      const timer = setTimeout(() => {
        const again = (strangers.get(uid)?.more ?? 0) > 0;
        sumUp(uid);
        // Told just now: what follows in the next minute is summed up again.
        if (again) strangers.set(uid, { timer: timer.refresh(), last: rejection, more: 0 });
      }, strangerMs);
      timer.unref();
      strangers.set(uid, { timer, last: rejection, more: 0 });
      tell(rejection);
    },
    /** Tells what has been counted until now. */
    close(): void {
      for (const uid of strangers.keys()) sumUp(uid);
    },
  };
}

/**
 * Tells the broker of a client that was sent away before it was asked.
 * @param look finds out whose the client is
 * @returns what another user's client hears instead: it learns nothing else of this Latchkey.
 */
export async function reportRejection(
  rejections: Rejections,
  rejection: Rejection,
  look: () => Promise<PeerIdentity>,
  owner: OwnerRule,
): Promise<Refusal | undefined> {
  if (!rejections.hasRoom()) {
    rejections.tell(rejection);
    return undefined;
  }
  const found = await look();
  const foreign = ownerRefusal(rejection.peer, found, owner);
  const { unknown, ...identity } = found;
  const known = { ...rejection, peer: { ...rejection.peer, ...identity } };
  if (foreign === undefined) rejections.tell(known);
  // Who has gone already cannot be looked up any more: then what it did is what is known of it.
  else if (unknown !== undefined) rejections.tellOfStranger(known);
  else rejections.tellOfStranger({ ...known, refusal: foreign });
  return unknown === undefined ? foreign : undefined;
}
