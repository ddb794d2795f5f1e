import { LatchkeyError, assertNever, toProblem } from '../contract/errors.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type GatewayLimits } from './limits.ts';
import { type Listener, listen } from './listen.ts';
import { createLiveSessions } from './live-sessions.ts';
import { createPeerLookup } from './peer.ts';
import type { GatewayHost, Gatekeeper, ListenerFailure, ListenerSettings, ScramParameters } from './ports.ts';
import { createMysqlProtocol } from './mysql/protocol.ts';
import { createPostgresProtocol } from './postgres/protocol.ts';
import type { Protocol } from './protocol.ts';
import { createService } from './service.ts';
import { createSqlServerProtocol } from './sqlserver/protocol.ts';

export interface GatewayOptions {
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  limits: GatewayLimits;
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

const trafficEveryMs = 2000;
/** A pool that opens all its connections at once stays below. */
const crowd = 100;

/**
 * All listeners and sessions, in the calling thread. The application runs it in a worker by way of `startGatewayHost`,
 * which looks the same from outside.
 */
export function createGateway({ gatekeeper, scram, limits, onFault }: GatewayOptions): GatewayHost {
  const live = createLiveSessions();
  const peers = createPeerLookup();
  const listeners: Listener[] = [];
  const admissions: Admission[] = [];
  const serving = new Set<Promise<void>>();
  let counting: NodeJS.Timeout | undefined;
  const counted: Gatekeeper = {
    ...gatekeeper,
    sessionOpened(sessionId) {
      gatekeeper.sessionOpened(sessionId);
      counting ??= setTimeout(count, trafficEveryMs);
    },
  };

  /** Goes on while a session is open; a gateway without any does nothing at all. */
  function count(): void {
    const news = live.traffic();
    if (news.length > 0) gatekeeper.traffic(news);
    counting = live.size > 0 ? setTimeout(count, trafficEveryMs) : undefined;
  }

  async function openOne(settings: ListenerSettings): Promise<void> {
    const protocol = createProtocol(settings);
    const admission = createAdmission(limits.visits, limits.startupMs);
    const isCrowded = (): boolean => admission.size > crowd;
    const service = createService({
      settings,
      protocol,
      gatekeeper: counted,
      limits,
      live,
      peers,
      isCrowded,
      onFault,
    });
    const listener = await listen(settings, (socket, peer) => {
      const visit = admission.enter(socket);
      if (visit === undefined) return;
      socket.once('close', visit.leave);
      const begin = (): void => {
        const served = service.serve(socket, peer, visit).finally(() => serving.delete(served));
        serving.add(served);
      };
      if (service.speaksFirst) {
        begin();
        return;
      }
      // Nothing is set up for a connection before it has spoken: a crowd of silent ones costs little more than its
      // sockets.
      socket.once('readable', () => {
        visit.spoke();
        begin();
      });
    });
    admissions.push(admission);
    listeners.push(listener);
  }

  function createProtocol(settings: ListenerSettings): Protocol {
    try {
      switch (settings.protocol) {
        case 'postgresql':
          return createPostgresProtocol({ settings, scram, limits });
        case 'mysql':
          return createMysqlProtocol({ settings, limits, onFault });
        case 'sqlserver':
          return createSqlServerProtocol({ settings });
        default:
          return assertNever(settings.protocol);
      }
    } catch (cause) {
      if (cause instanceof LatchkeyError) throw cause;
      throw new LatchkeyError(
        'upstream-tls-failed',
        `The certificate authority configured for connection "${settings.connection}" is no certificate.`,
        { cause, remedy: 'Let upstream.tls.caFile name a file with certificates in PEM form.' },
      );
    }
  }

  return {
    async open(wanted) {
      const failures = await Promise.all(
        wanted.map((settings) =>
          openOne(settings).then(
            (): ListenerFailure[] => [],
            (error: unknown) => [{ connection: settings.connection, problem: toProblem(error) }],
          ),
        ),
      );
      return failures.flat();
    },
    cut: live.cut,
    async close() {
      clearTimeout(counting);
      const stopped = listeners.map((listener) => listener.close());
      live.close('Latchkey has been closed.');
      for (const admission of admissions) admission.clear();
      await Promise.all([...stopped, ...serving, peers.close()]);
    },
  };
}
