import { Worker } from 'node:worker_threads';
import { type Problem, assertNever, toProblem } from '../contract/errors.ts';
import { type GatewayLimits, defaultLimits } from './limits.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import type {
  Gatekeeper,
  GatewayHost,
  ListenerFailure,
  ListenerSettings,
  LoginAttempt,
  LoginDecision,
  ScramParameters,
} from './ports.ts';

export interface GatewayHostOptions {
  gatekeeper: Gatekeeper;
  scram: ScramParameters;
  /** The worker's script; by default the one beside this file, which a bundle does not have. */
  workerUrl?: URL;
  limits?: Partial<GatewayLimits>;
  /**
   * The worker has crashed and its sessions have ended. It has been started again with the same listeners, and these are
   * the ones that do not listen now: none, if all is well.
   */
  onRestart?(failures: ListenerFailure[]): void;
  /** For the log of the process: faults of our own, with their stack. */
  log?(line: string): void;
}

/** A worker that crashes more often than this is not started again. */
const restarts = { most: 3, withinMs: 60_000 };
const closeTimeoutMs = 3000;

const crashed: Problem = {
  code: 'internal',
  message: 'The gateway stopped because of an error it did not expect.',
  remedy: 'Connect again; if it stays, look into the log and file an issue.',
};

/**
 * Starts the gateways' thread and stands between it and the broker.
 *
 * A worker that crashes takes its sockets with it: their sessions are reported as ended, and a new worker opens the same
 * listeners, three times within a minute at most; after that each listener is reported as failed.
 */
export async function startGatewayHost(options: GatewayHostOptions): Promise<GatewayHost> {
  const { gatekeeper, scram, onRestart = ignore, log = ignore } = options;
  const workerUrl = options.workerUrl ?? new URL('./worker.ts', import.meta.url);
  const limits = { ...defaultLimits, ...options.limits };
  const openings = new Map<
    number,
    { listeners: ListenerSettings[]; done(failures: ListenerFailure[]): void }
  >();
  const sessions = new Set<string>();
  const opened: ListenerSettings[] = [];
  const crashes: number[] = [];
  let lastId = 0;
  let closed: (() => void) | undefined;
  /** Crashed too often. */
  let gone = false;
  let worker = startWorker();

  function startWorker(): Worker {
    const workerSettings: WorkerSettings = { scram, limits };
    const started = new Worker(workerUrl, { workerData: workerSettings, name: 'latchkey-gateway' });
    started.on('message', (message: FromWorker) => handle(message, started));
    started.on('error', (error) =>
      log(`gateway: ${error instanceof Error ? (error.stack ?? '') : 'unknown error'}`),
    );
    started.on('exit', onExit);
    return started;
  }

  function send(message: ToWorker): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    worker.postMessage(message);
  }

  function handle(message: FromWorker, from: Worker): void {
    switch (message.kind) {
      case 'opened':
        openings.get(message.id)?.done(message.failures);
        openings.delete(message.id);
        break;
      case 'authorize':
        void decide(message.id, message.attempt, from);
        break;
      case 'session-opened':
        gatekeeper.sessionOpened(message.sessionId);
        break;
      case 'traffic':
        gatekeeper.traffic(message.news);
        break;
      case 'session-ended':
        sessions.delete(message.end.sessionId);
        gatekeeper.sessionEnded(message.end);
        break;
      case 'rejected':
        gatekeeper.rejected(message.rejection);
        break;
      case 'fault':
        log(`gateway: ${message.text}`);
        break;
      case 'closed':
        closed?.();
        break;
      default:
        assertNever(message);
    }
  }

  async function decide(id: number, attempt: LoginAttempt, from: Worker): Promise<void> {
    const decision = await authorize(attempt);
    const here = from === worker && closed === undefined;
    if (decision.allow) {
      if (here) sessions.add(decision.sessionId);
      else endSession(decision.sessionId);
    }
    if (here) send({ kind: 'decision', id, decision });
  }

  async function authorize(attempt: LoginAttempt): Promise<LoginDecision> {
    try {
      return await gatekeeper.authorize(attempt);
    } catch (error) {
      log(`gateway: the broker failed: ${describe(error)}`);
      return { allow: false, refusal: { sqlState: 'XX000', problem: toProblem(error) } };
    }
  }

  function endSession(sessionId: string): void {
    gatekeeper.sessionEnded({
      sessionId,
      reason: 'gateway-closed',
      problem: crashed,
      bytesFromClient: 0,
      bytesFromUpstream: 0,
    });
  }

  function onExit(): void {
    for (const sessionId of sessions) endSession(sessionId);
    sessions.clear();
    if (closed !== undefined) {
      closed();
      return;
    }
    const now = performance.now();
    crashes.push(now);
    const recent = crashes.filter((time) => now - time < restarts.withinMs).length;
    const failed = [...openings.values()];
    openings.clear();
    if (recent > restarts.most) {
      gone = true;
      for (const { listeners, done } of failed) done(listeners.map(asFailure));
      onRestart(opened.map(asFailure));
      return;
    }
    worker = startWorker();
    for (const { listeners, done } of failed) void reopen(listeners, done);
    if (opened.length > 0) void reopen(opened, onRestart);
  }

  async function reopen(
    listeners: ListenerSettings[],
    done: (failures: ListenerFailure[]) => void,
  ): Promise<void> {
    done(await ask(listeners));
  }

  async function ask(listeners: ListenerSettings[]): Promise<ListenerFailure[]> {
    if (gone) return listeners.map(asFailure);
    lastId += 1;
    const id = lastId;
    return new Promise((done) => {
      openings.set(id, { listeners, done });
      send({ kind: 'open', id, listeners });
    });
  }

  return {
    async open(listeners) {
      const failures = await ask(listeners);
      const failed = new Set(failures.map(({ connection }) => connection));
      opened.push(...listeners.filter(({ connection }) => !failed.has(connection)));
      return failures;
    },
    cut(sessionIds, reason) {
      send({ kind: 'cut', sessionIds, reason });
    },
    async close() {
      if (closed !== undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, closeTimeoutMs);
        closed = () => {
          clearTimeout(timer);
          resolve();
        };
        if (gone) closed();
        else send({ kind: 'close' });
      });
      await worker.terminate();
    },
  };
}

function asFailure({ connection }: ListenerSettings): ListenerFailure {
  return { connection, problem: crashed };
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : 'unknown error';
}

function ignore(): void {}
