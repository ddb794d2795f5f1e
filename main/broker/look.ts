import type { ConnectionSettings } from '../config/schema.ts';
import type { ConnectionState } from '../contract/state.ts';
import { testUpstream } from '../gateway/upstream-test.ts';
import { problemOf } from './connection-test.ts';
import type { Readiness } from './readiness.ts';
import { upstreamAddress } from './upstream-address.ts';

export interface LookOptions {
  readiness: Pick<Readiness, 'told' | 'lastLook'>;
  /** Those that the person who is signed in may use. */
  usable(): readonly ConnectionSettings[];
  /** @throws LatchkeyError `connection-unknown` */
  connectionNamed(name: string): ConnectionSettings;
  /** Reads again which passwords are stored. */
  readStored(): Promise<void>;
  now(): number;
}

/** Somebody waits for the answer. */
const longestMs = 5000;
/** What is younger is not looked at again, unless it is asked for by its name. */
const fresh = { reachedMs: 5 * 60_000, lostMs: 20_000 };
const atOnce = 8;

/**
 * Looks at the servers behind connections, up to where a credential would be sent. Only when somebody asks: a server counts
 * connections that come to nothing, and the way there may be one that a person has to open.
 */
export function createLook({ readiness, usable, connectionNamed, readStored, now }: LookOptions) {
  const life = new AbortController();
  const running = new Map<ConnectionState['name'], Promise<void>>();

  async function dial(connection: ConnectionSettings): Promise<void> {
    const { name, protocol } = connection;
    try {
      const address = await upstreamAddress(connection);
      const limited = { ...address, connectTimeoutMs: Math.min(address.connectTimeoutMs, longestMs) };
      const signal = AbortSignal.any([life.signal, AbortSignal.timeout(2 * longestMs)]);
      await testUpstream(protocol, limited, undefined, signal);
      readiness.told.server(name);
    } catch (error) {
      if (!life.signal.aborted) readiness.told.server(name, problemOf(error));
    }
  }

  function lookAt(connection: ConnectionSettings): Promise<void> {
    const { name } = connection;
    const look = running.get(name) ?? dial(connection).finally(() => running.delete(name));
    running.set(name, look);
    return look;
  }

  function isDue({ name, upstream: { via } }: ConnectionSettings): boolean {
    // A program may ask the person for something; it is run when it is asked for.
    if (via !== undefined && !('socks' in via)) return false;
    const last = readiness.lastLook(name);
    return last === undefined || now() - last.at > (last.isReached ? fresh.reachedMs : fresh.lostMs);
  }

  return {
    /** At one connection, or at those that the person may use and that nobody has looked at for a while. */
    async run({ name }: { name?: string | undefined }): Promise<void> {
      await readStored();
      const wanted = name === undefined ? usable().filter(isDue) : [connectionNamed(name)];
      for (let at = 0; at < wanted.length; at += atOnce)
        await Promise.all(wanted.slice(at, at + atOnce).map(lookAt));
    },
    close: (): void => life.abort(),
  };
}
