import { setTimeout as sleep } from 'node:timers/promises';
import { createDescriptorBudget } from './descriptors.ts';
import { createEntrances } from './entrances.ts';
import { type GatewayLimits } from './limits.ts';
import { createLiveSessions } from './live-sessions.ts';
import type { OwnerRule } from './peers/owner.ts';
import { createPeerLookup } from './peers/lookup.ts';
import type { GatewayHost, Gatekeeper, ScramParameters } from './ports.ts';
import { createProtocol } from './protocols.ts';
import type { SharedParts } from './service.ts';
import { createSessionLimits } from './session-limits.ts';
import { createTrafficReports } from './traffic.ts';
import { createUpstreamWatch } from './upstream-watch.ts';
import { endPrograms } from './via.ts';

export interface GatewayOptions {
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  limits: GatewayLimits;
  elevatedTools: OwnerRule['elevatedTools'];
  /** For errors that are nobody's fault but ours. */
  onFault(error: unknown): void;
}

/** For what follows when time is up: sockets are reset, and their ends reported. */
const lastMomentMs = 200;

/**
 * All listeners and sessions, in the calling thread. The application runs it in a worker by way of `startGatewayHost`,
 * which looks the same from outside.
 */
export function createGateway(options: GatewayOptions): GatewayHost {
  const { gatekeeper, limits, onFault } = options;
  const live = createLiveSessions();
  const watch = createUpstreamWatch();
  const traffic = createTrafficReports(live, watch, (news) => gatekeeper.traffic(news));
  const shared: SharedParts = {
    gatekeeper: {
      ...gatekeeper,
      sessionOpened(sessionId, database) {
        gatekeeper.sessionOpened(sessionId, database);
        traffic.begin();
      },
    },
    limits,
    live,
    watch,
    bounds: createSessionLimits(),
    peers: createPeerLookup(),
    owner: { uid: process.getuid?.(), elevatedTools: options.elevatedTools },
    descriptors: createDescriptorBudget(),
    onFault,
  };
  const entrances = createEntrances((settings) => createProtocol(settings, options), shared);

  return {
    open: entrances.open,
    replace(listeners, elevatedTools) {
      shared.owner.elevatedTools = elevatedTools;
      return entrances.replace(listeners);
    },
    certify: entrances.certify,
    cut: live.cut,
    async close() {
      traffic.close();
      live.close('Latchkey has been closed.');
      const stopped = entrances.stop();
      const timer = setTimeout(live.timeIsUp, limits.closeMs);
      await Promise.race([
        Promise.all([stopped, shared.peers.close()]),
        sleep(limits.closeMs + lastMomentMs, undefined, { ref: false }),
      ]);
      clearTimeout(timer);
      await endPrograms();
      shared.bounds.close();
      entrances.close();
    },
  };
}
