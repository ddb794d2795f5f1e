import { isDeepStrictEqual } from 'node:util';
import { createMutex } from '../base/mutex.ts';
import { toProblem } from '../contract/errors.ts';
import { createEntrance, type Entrance } from './entrance.ts';
import type { GatewayHost, ListenerFailure, ListenerSettings } from './ports.ts';
import type { Protocol } from './protocol.ts';
import type { SharedParts } from './service.ts';

/**
 * The entrances of one gateway, by their connections, and those that are left of connections that are no more.
 * @param protocolOf throws LatchkeyError where settings cannot be used
 */
export function createEntrances(
  protocolOf: (settings: ListenerSettings) => Protocol,
  shared: SharedParts,
): Pick<GatewayHost, 'open' | 'certify'> & {
  replace(listeners: readonly ListenerSettings[]): Promise<ListenerFailure[]>;
  /** As {@link Entrance.stop}, of all. */
  stop(): Promise<void>;
  close(): void;
} {
  const entrances = new Map<string, Entrance>();
  /** Until what came in there is over. */
  const retired = new Set<Entrance>();
  /** After a crash the same connection may be asked for twice. */
  const opening = createMutex();
  /** What was asked for last, by connection; before the first `replace` whatever is opened counts. */
  let latest: Map<string, ListenerSettings> | undefined;

  const all = (): Entrance[] => [...entrances.values(), ...retired];

  function retire(entrance: Entrance): void {
    entrances.delete(entrance.settings.connection);
    retired.add(entrance);
    void entrance.retire().finally(() => {
      if (retired.delete(entrance)) entrance.close();
    });
  }

  /** Where clients are served by these settings from now on. @throws what `protocolOf` throws: then nowhere */
  function entranceOf(settings: ListenerSettings): Entrance {
    const before = entrances.get(settings.connection);
    if (before !== undefined && isDeepStrictEqual(before.settings, settings)) return before;
    const goesOn = before?.settings.protocol === settings.protocol;
    if (before !== undefined && !goesOn) retire(before);
    try {
      const terms = { settings, protocol: protocolOf(settings) };
      if (before !== undefined && goesOn) {
        before.change(terms);
        return before;
      }
      const entrance = createEntrance(terms, shared);
      entrances.set(settings.connection, entrance);
      return entrance;
    } catch (error) {
      if (before !== undefined && goesOn) retire(before);
      throw error;
    }
  }

  async function openOne(asked: ListenerSettings): Promise<ListenerFailure[]> {
    const { connection } = asked;
    // Asked for before the last change came, it is not what counts any more.
    const settings = latest === undefined ? asked : latest.get(connection);
    if (settings === undefined) return [];
    try {
      const entrance = entranceOf(settings);
      await entrance.open();
      const { problem, isListening } = entrance;
      if (problem === undefined) return [];
      return [{ connection, problem: toProblem(problem), ...(isListening ? { partly: true } : {}) }];
    } catch (error) {
      return [{ connection, problem: toProblem(error) }];
    }
  }

  const open = (wanted: readonly ListenerSettings[]): Promise<ListenerFailure[]> =>
    opening.run(async () => (await Promise.all(wanted.map(openOne))).flat());

  return {
    open,
    replace(listeners) {
      const wanted = new Map(listeners.map((settings) => [settings.connection, settings]));
      latest = wanted;
      // Before the next message of the broker: whom it lets in from then on meets what counts from then on. Ports that
      // have become free are so before the first is opened.
      for (const entrance of entrances.values())
        if (!wanted.has(entrance.settings.connection)) retire(entrance);
      for (const settings of listeners) {
        try {
          entranceOf(settings);
        } catch {
          // Told by the opening that follows.
        }
      }
      return open(listeners);
    },
    certify(clientTls) {
      for (const { settings } of entrances.values())
        if (settings.clientTls !== undefined) settings.clientTls = clientTls;
    },
    async stop() {
      await Promise.all(all().map((entrance) => entrance.stop()));
    },
    close() {
      for (const entrance of all()) entrance.close();
    },
  };
}
