import type { Socket } from 'node:net';
import { LatchkeyError } from '../contract/errors.ts';
import { createAdmission } from './admission.ts';
import { whenFirstMessage } from './first-message.ts';
import { listen, type Listener } from './listen.ts';
import type { ListenerSettings, Peer } from './ports.ts';
import { createService, type SharedParts, type Terms } from './service.ts';

/** One connection of the configuration, as clients meet it: its listeners, and what serves those that come. */
export interface Entrance {
  /** What counts for those who come now. */
  readonly settings: ListenerSettings;
  /** Why it does not listen, or at one loopback address only; undefined where neither is so. */
  readonly problem: LatchkeyError | undefined;
  readonly isListening: boolean;
  /** Opens what does not listen; `problem` tells how it went. */
  open(): Promise<void>;
  /**
   * Other settings of the same protocol count at once for whoever comes; sessions go on. Where the place is another one,
   * nothing listens at the old one any more, and {@link open} opens the new one.
   */
  change(terms: Terms): void;
  /**
   * Accepts nothing more; sessions and logins under way are left to end by themselves.
   * Resolves when they have.
   */
  retire(): Promise<void>;
  /** As {@link retire}, and sends away who is not in yet. */
  stop(): Promise<void>;
  /** Tells the broker what has been counted only. */
  close(): void;
}

/** A pool that opens all its connections at once stays below. */
const crowd = 100;

/** How long a client may say nothing before the system asks whether it is still there. */
const keepAliveMs = 60_000;

/** Nothing listens before {@link Entrance.open}. */
export function createEntrance(terms: Terms, shared: SharedParts): Entrance {
  const { descriptors, limits } = shared;
  const admission = createAdmission(limits.pendingConnections, limits.startupMs);
  const isCrowded = (): boolean => admission.size > crowd;
  const service = createService({ ...shared, ...terms, isCrowded });
  /** Connections that are served, and listeners that close when their connections have ended. */
  const under = new Set<Promise<void>>();
  let { settings } = terms;
  let listener: Listener | undefined;
  let failure: LatchkeyError | undefined;

  function keep(promise: Promise<void>): void {
    const kept = promise.finally(() => under.delete(kept));
    under.add(kept);
  }

  function onConnection(socket: Socket, peer: Peer): void {
    if (descriptors.isOut(socket)) {
      socket.destroy();
      return;
    }
    const pending = admission.enter(socket);
    if (pending === undefined) return;
    socket.once('close', pending.leave);
    const begin = (): void => {
      socket.setNoDelay(true).setKeepAlive(true, keepAliveMs);
      keep(service.serve(socket, peer, pending));
    };
    const { holdsFirstMessage } = service;
    if (holdsFirstMessage === undefined) {
      begin();
      return;
    }
    whenFirstMessage(socket, holdsFirstMessage, () => {
      pending.spoke();
      begin();
    });
  }

  function leavePlace(): void {
    // Its port is free at once; it is over with the last connection that it has accepted.
    if (listener !== undefined) keep(listener.close());
    listener = undefined;
    failure = undefined;
  }

  async function retire(): Promise<void> {
    leavePlace();
    await Promise.all(under);
  }

  return {
    get settings() {
      return settings;
    },
    get problem() {
      return failure ?? listener?.problem;
    },
    get isListening() {
      return listener !== undefined;
    },
    async open() {
      if (listener !== undefined) return listener.retry();
      const place = settings;
      failure = undefined;
      try {
        const opened = await listen(place, onConnection);
        // Closed by a change of the place meanwhile: whoever has changed it opens the new one.
        if (place !== settings && !isSamePlace(place, settings)) keep(opened.close());
        else listener = opened;
      } catch (error) {
        if (!(error instanceof LatchkeyError)) throw error;
        failure = error;
      }
    },
    change(next) {
      if (!isSamePlace(settings, next.settings)) leavePlace();
      ({ settings } = next);
      service.change(next);
    },
    retire,
    async stop() {
      const stopped = retire();
      admission.clear();
      await stopped;
    },
    close: service.close,
  };
}

function isSamePlace(one: ListenerSettings, other: ListenerSettings): boolean {
  return one.host === other.host && one.port === other.port && one.socketPath === other.socketPath;
}
