import type { Caller } from '../caller.ts';
import type { ListenerSettings } from '../ports.ts';
import type { OpenUpstream, Protocol } from '../protocol.ts';
import { terminated } from '../refused.ts';
import { checkLogin } from './client-login.ts';
import { readClientLogin } from './client-negotiation.ts';
import { createClientTls } from './client-tls.ts';
import { type Login7, tds74 } from './login7.ts';
import { createPacketFollower, createPacketGatherer } from './packet-follower.ts';
import { encodeMessage, packetTypes } from './packets.ts';
import { encodeRefusal } from './refusal.ts';
import { type UpstreamSession, createUpstream } from './upstream.ts';
import { clientAnswer } from './welcome.ts';

export interface SqlServerOptions {
  settings: ListenerSettings;
}

/** SQL Server 2014, and what Azure SQL calls itself: until the upstream has said better. */
const assumedVersion = Buffer.from([12, 0, 0x07, 0xd0, 0, 0]);
/** [MS-TDS] 2.2.1.7: stops the statement that is under way. */
const attention = encodeMessage(packetTypes.attention, Buffer.alloc(0));

/**
 * SQL Server and Azure SQL, versions 7.0 to 8.0 of the Tabular Data Stream protocol:
 * https://learn.microsoft.com/en-us/openspecs/windows_protocols/ms-tds/
 * @throws Error where the settings' certificate authority, certificate or key are unusable.
 */
export function createSqlServerProtocol({ settings }: SqlServerOptions): Protocol {
  const upstream = createUpstream(settings.upstream);
  const clientTls = createClientTls(settings.clientTls);
  /** Of clients that have logged in: an error has to be in the form that they understand. */
  const versions = new WeakMap<Caller, number>();
  let serverVersion: Buffer = assumedVersion;

  function opened(far: UpstreamSession, client: Login7): OpenUpstream {
    const { connection, encrypted } = far;
    const toClient = createPacketFollower();
    const fromClient = createPacketFollower();
    const gather = createPacketGatherer(fromClient);
    if (far.version?.length === assumedVersion.length) serverVersion = far.version;
    return {
      connection,
      release: () => far.reader.release(),
      welcome: clientAnswer(far, client),
      watchToClient: (chunk) => void toClient.watch(chunk),
      translate: encrypted
        ? gather
        : (chunk) => {
            fromClient.watch(chunk);
            return chunk;
          },
      farewell: (reason) =>
        toClient.betweenMessages ? encodeRefusal(terminated(reason).refusal, client.tdsVersion) : undefined,
      lastWords: () => (fromClient.betweenPackets ? attention : undefined),
      // The attention is in the stream itself.
      stop: nothing,
      forget: nothing,
    };
  }

  return {
    name: 'SQL Server',
    speaksFirst: false,
    async meet(caller) {
      const client = await readClientLogin(caller, clientTls, serverVersion);
      versions.set(caller, client.tdsVersion);
      caller.started();
      const login = checkLogin(client, settings);
      // The token is not kept for as long as the session lasts.
      client.password = '';
      return {
        login,
        open: async (allowed, signal) => opened(await upstream.logIn(allowed.login, client, signal), client),
      };
    },
    encodeRefusal: (refusal, caller) => encodeRefusal(refusal, versions.get(caller) ?? tds74),
  };
}

function nothing(): void {}
