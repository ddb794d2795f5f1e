import { type GatewayLimits, defaultLimits } from './limits.ts';
import type { OwnerRule } from './peers/owner.ts';
import type { Gatekeeper, GatewayHost, ListenerFailure, ListenerSettings, ScramParameters } from './ports.ts';
import type { GatewayThreads } from './threads.ts';
import { crashed, startWorkerLink, stayedDown, type WorkerLink } from './worker-link.ts';

export interface GatewayHostOptions {
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  threads: GatewayThreads;
  limits?: Partial<GatewayLimits>;
  /** Whether tools that hide their owner from this process may come in; by default not. */
  elevatedTools?: OwnerRule['elevatedTools'];
  onCrash?(crash: GatewayCrash): void;
  /** For the log of the process: faults of our own, with their stack. */
  log?(line: string): void;
}

/** The worker has crashed. */
export interface GatewayCrash {
  /** How many sessions have ended with it. */
  sessions: number;
  /** Whether it has been started again with the same listeners; it is not after too many crashes. */
  isBack: boolean;
  /** The listeners that do not listen now: none, if all is well. */
  failures: ListenerFailure[];
}

/** A worker that crashes more often than this is not started again. */
const restarts = { most: 3, withinMs: 60_000 };

/**
 * Opens the gateways in a thread of their own and stands between it and the broker. After a crash a new worker opens the same listeners,
 * three times within a minute at most; after that each listener is reported as failed.
 */
export async function startGatewayHost(options: GatewayHostOptions): Promise<GatewayHost> {
  const { gatekeeper, scram, threads, elevatedTools = 'refuse', onCrash = ignore, log = ignore } = options;
  const settings = { scram, limits: { ...defaultLimits, ...options.limits }, elevatedTools };
  let opened = new Map<string, ListenerSettings>();
  let crashes: number[] = [];
  let closing: Promise<void> | undefined;
  let link: WorkerLink | undefined = startLink();

  function startLink(): WorkerLink {
    return startWorkerLink({ gatekeeper, worker: threads.next(), settings, log, onExit });
  }

  function onExit(sessions: number): void {
    if (closing !== undefined) return;
    const now = performance.now();
    crashes = [...crashes.filter((time) => now - time < restarts.withinMs), now];
    link = crashes.length > restarts.most ? undefined : startLink();
    const isBack = link !== undefined;
    if (opened.size > 0)
      void open([...opened.values()]).then((failures) => onCrash({ sessions, isBack, failures }));
  }

  /** Asks the next worker where one crashes over it. */
  async function open(listeners: ListenerSettings[]): Promise<ListenerFailure[]> {
    if (link === undefined || closing !== undefined) {
      const problem = closing === undefined ? stayedDown : crashed;
      return listeners.map(({ connection }) => ({ connection, problem }));
    }
    return (await link.open(listeners)) ?? open(listeners);
  }

  async function replace(listeners: ListenerSettings[]): Promise<ListenerFailure[]> {
    if (link === undefined || closing !== undefined) return open(listeners);
    return (await link.replace(listeners, settings.elevatedTools)) ?? replace(listeners);
  }

  return {
    async open(listeners) {
      const into = opened;
      const failures = await open(listeners);
      const failed = new Set(failures.filter(({ partly }) => !partly).map(({ connection }) => connection));
      for (const one of listeners) if (!failed.has(one.connection)) into.set(one.connection, one);
      return failures;
    },
    replace(listeners, allowed) {
      settings.elevatedTools = allowed;
      // What fails is tried again by whoever asks, and by a worker that is started anew.
      opened = new Map(listeners.map((one) => [one.connection, one]));
      return replace(listeners);
    },
    certify(clientTls) {
      // A worker that is started anew gets them as they are here.
      for (const one of opened.values()) if (one.clientTls !== undefined) one.clientTls = clientTls;
      link?.send({ kind: 'certify', clientTls });
    },
    cut: (sessionIds, reason) => link?.send({ kind: 'cut', sessionIds, reason }),
    close: () => (closing ??= link?.close() ?? Promise.resolve()),
  };
}

function ignore(): void {}
