import { LatchkeyError, toProblem } from '../contract/errors.ts';
import { type Admission, createAdmission } from './admission.ts';
import { type GatewayLimits } from './limits.ts';
import { type Listener, listen } from './listen.ts';
import { createLiveSessions } from './live-sessions.ts';
import { createPeerLookup } from './peer.ts';
import type { GatewayHost, Gatekeeper, ListenerFailure, ListenerSettings, ScramParameters } from './ports.ts';
import { createPostgresService } from './postgres/service.ts';

export interface GatewayOptions {
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  limits: GatewayLimits;
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

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

  async function openOne(settings: ListenerSettings): Promise<void> {
    const service = createService(settings);
    const admission = createAdmission(limits.visits, limits.startupMs);
    const listener = await listen(settings, (socket, peer) => {
      const visit = admission.enter(socket);
      if (visit === undefined) return;
      // Nothing is set up for a connection before it has spoken: a crowd of silent ones costs little more than its
      // sockets.
      socket.once('close', visit.leave);
      socket.once('readable', () => {
        visit.spoke();
        const served = service.serve(socket, peer, visit).finally(() => serving.delete(served));
        serving.add(served);
      });
    });
    admissions.push(admission);
    listeners.push(listener);
  }

  function createService(settings: ListenerSettings) {
    try {
      return createPostgresService({ settings, gatekeeper, scram, limits, live, peers, onFault });
    } catch (cause) {
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
      const stopped = listeners.map((listener) => listener.close());
      live.close('Latchkey has been closed.');
      for (const admission of admissions) admission.clear();
      await Promise.all([...stopped, ...serving]);
    },
  };
}
