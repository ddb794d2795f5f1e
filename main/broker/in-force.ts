import { isDeepStrictEqual } from 'node:util';
import { clientPlaces, type ClientPlace } from '../access/client-place.ts';
import type { FaultyConnection } from '../config/faulty.ts';
import type { Layers, LoadedConfiguration } from '../config/load.ts';
import type { Organisation } from '../config/organisation.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import { isJsonObject } from '../contract/json.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import type { Home } from '../store/home.ts';
import { choosePorts } from './chosen-ports.ts';
import { listenerSettings } from './listener-settings.ts';
import { madeConnections } from './made-connections.ts';

type Places = Pick<Home, 'path' | 'run'>;
type ClientTls = NonNullable<ListenerSettings['clientTls']>;

/** A configuration with all that is made of it before it can count. */
export interface Setup extends LoadedConfiguration {
  /** What the gateways are told, in the order of the connections. */
  listeners: readonly ListenerSettings[];
  placeOf(connection: string): ClientPlace;
}

/** The configuration that counts now. Whoever needs something of it reads it here each time. */
export class InForce {
  readonly #home: Places;
  #clientTls: ClientTls;
  #setup: Setup;

  private constructor(setup: Setup, home: Places, clientTls: ClientTls) {
    this.#setup = setup;
    this.#home = home;
    this.#clientTls = clientTls;
  }

  /**
   * @param home where unix sockets go, and the ports that have been chosen are kept
   * @throws LatchkeyError as {@link choosePorts}
   */
  static async open(loaded: LoadedConfiguration, home: Places, clientTls: ClientTls): Promise<InForce> {
    return new InForce(await made(loaded, home, clientTls), home, clientTls);
  }

  get configuration(): Configuration {
    return this.#setup.configuration;
  }

  /** SHA-256 of the texts that it was read from. */
  get hash(): string {
    return this.#setup.hash;
  }

  get layers(): Layers {
    return this.#setup.layers;
  }

  /** The organisation's settings that count, where there are any. */
  get organisation(): Organisation | undefined {
    return this.#setup.layers.organisation;
  }

  /** Lets nobody in on settings that may not count any more. @throws LatchkeyError `bundle-expired` */
  checkExpiry(now: number): void {
    const expired = this.organisation?.expired?.(now);
    if (expired !== undefined) throw expired;
  }

  /** The connections that are left out for their faults. */
  get faulty(): readonly FaultyConnection[] {
    return this.#setup.faulty;
  }

  get listeners(): readonly ListenerSettings[] {
    return this.#setup.listeners;
  }

  /** At which a connection is listened at; undefined for a name that is none (any more). */
  portOf(connection: string): number | undefined {
    return this.listeners.find((one) => one.connection === connection)?.port;
  }

  /** @throws RangeError for a name that is none (any more) */
  placeOf(connection: string): ClientPlace {
    return this.#setup.placeOf(connection);
  }

  connectionNamed(name: string): ConnectionSettings | undefined {
    return this.configuration.connections.find((connection) => connection.name === name);
  }

  /**
   * Makes what a loaded configuration needs before it can count. Connections that have not changed are the same objects.
   * @throws as {@link open}
   */
  prepare(loaded: LoadedConfiguration): Promise<Setup> {
    const connections = loaded.configuration.connections.map((next) => {
      const before = this.connectionNamed(next.name);
      return isDeepStrictEqual(before, next) ? (before ?? next) : next;
    });
    const configuration = { ...loaded.configuration, connections };
    return made({ ...loaded, configuration }, this.#home, this.#clientTls);
  }

  /** From here on this counts. */
  replace(next: Setup): void {
    this.#setup = next;
    this.useAuthority(this.#clientTls);
  }

  /** Certificates of this authority are shown from now on. */
  useAuthority(next: ClientTls): void {
    this.#clientTls = next;
    for (const one of this.#setup.listeners) if (one.clientTls !== undefined) one.clientTls = next;
  }
}

async function made(given: LoadedConfiguration, home: Places, clientTls: ClientTls): Promise<Setup> {
  const { loaded, addresses } = await madeConnections(given);
  const { connections } = loaded.configuration;
  const reserved = faultyPorts(loaded.faulty);
  const places = await choosePorts({ ...loaded.configuration, reserved }, home.path);
  const listeners = connections.flatMap((one, index) => {
    const address = addresses[index];
    return address === undefined ? [] : [listenerSettings(one, address, places(one), home.run, clientTls)];
  });
  return { ...loaded, listeners, placeOf: clientPlaces(connections, listeners, home.run) };
}

/** Tools have saved the ports of connections that come back once they are mended. */
function faultyPorts(faulty: readonly FaultyConnection[]): number[] {
  return faulty.flatMap(({ written }) => {
    const port = isJsonObject(written) ? written['port'] : undefined;
    return typeof port === 'number' ? [port] : [];
  });
}
