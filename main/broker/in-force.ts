import { isDeepStrictEqual } from 'node:util';
import { clientPlaces, type ClientPlace } from '../access/client-place.ts';
import type { Layers, LoadedConfiguration } from '../config/load.ts';
import type { Organisation } from '../config/organisation.ts';
import type { Configuration, ConnectionSettings } from '../config/schema.ts';
import type { ListenerSettings } from '../gateway/ports.ts';
import type { Home } from '../store/home.ts';
import { choosePorts } from './chosen-ports.ts';
import { listenerSettings } from './listener-settings.ts';

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
   * @throws LatchkeyError `config-invalid`, `config-unreadable` as {@link listenerSettings}, and as {@link choosePorts}
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

async function made(
  { configuration, hash, layers }: LoadedConfiguration,
  home: Places,
  clientTls: ClientTls,
): Promise<Setup> {
  const { connections } = configuration;
  const places = await choosePorts(configuration, home.path);
  const listeners = await Promise.all(
    connections.map((one) => listenerSettings(one, places(one), home.run, clientTls)),
  );
  return { configuration, hash, layers, listeners, placeOf: clientPlaces(connections, listeners, home.run) };
}
