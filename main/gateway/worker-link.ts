import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type Problem, assertNever, toLogText, toProblem } from '../contract/errors.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import type { OwnerRule } from './peers/owner.ts';
import type { Gatekeeper, ListenerFailure, ListenerSettings, LoginAttempt, LoginDecision } from './ports.ts';

export interface WorkerLinkOptions {
  gatekeeper: Gatekeeper;
  /** Waits for its settings. */
  worker: Worker;
  settings: WorkerSettings;
  log(line: string): void;
  /** The thread has ended, by a crash or by `close`; all that hung on it has been told, and so many sessions ended with it. */
  onExit(sessions: number): void;
}

export type WorkerLink = ReturnType<typeof startWorkerLink>;

/** For logins whose prompts have ended with the broker: a record of the audit each. */
const decidedMs = 1000;
const closeTimeoutMs = 3000;

export const crashed: Problem = {
  code: 'internal',
  message: 'The gateway stopped because of an error it did not expect.',
  remedy: 'Connect again; if it stays, look into the log and file an issue.',
};

/** After the last of its crashes. */
export const stayedDown: Problem = {
  code: 'internal',
  message: 'The gateways stopped again and again because of an error they did not expect, and stay stopped.',
  remedy: 'Quit Latchkey and start it again; if it stays, look into the log and file an issue.',
};

/**
 * Has a worker open the gateways, and takes what it asks to the broker. A worker that crashes takes its sockets with
 * it: logins that wait are given up, and its sessions are reported as ended.
 */
export function startWorkerLink({ gatekeeper, worker, settings, log, onExit }: WorkerLinkOptions) {
  const openings = createOpenings(send);
  /** Logins that the broker has been asked about. */
  const undecided = new Map<number, { gone: AbortController; done: Promise<void> }>();
  const sessions = new Set<string>();
  const over = Promise.withResolvers<void>();
  let isAlive = true;
  /** No more sessions are let in. */
  let isClosing = false;
  // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
  worker.postMessage(settings);
  worker.on('message', handle);
  worker.on('exit', () => {
    isAlive = false;
    for (const { gone } of undecided.values()) gone.abort();
    const ended = sessions.size;
    for (const sessionId of sessions) endSession(sessionId);
    openings.crashed();
    over.resolve();
    onExit(ended);
  });

  function send(message: ToWorker): void {
    // eslint-disable-next-line unicorn/require-post-message-target-origin -- a worker, not a window
    worker.postMessage(message);
  }

  function handle(message: FromWorker): void {
    switch (message.kind) {
      case 'opened':
        openings.opened(message.id, message.failures);
        break;
      case 'authorize': {
        const gone = new AbortController();
        const done = decide(message.id, message.attempt, gone.signal);
        undecided.set(message.id, { gone, done });
        void done.finally(() => undecided.delete(message.id));
        break;
      }
      case 'gone':
        undecided.get(message.id)?.gone.abort();
        break;
      case 'login-again':
        void loginAgain(message.id, message.sessionId);
        break;
      case 'session-opened':
        gatekeeper.sessionOpened(message.sessionId, message.database);
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
        over.resolve();
        break;
      default:
        assertNever(message);
    }
  }

  async function decide(id: number, attempt: LoginAttempt, gone: AbortSignal): Promise<void> {
    const decision = await gatekeeper.authorize(attempt, gone).catch((error): LoginDecision => {
      log(`gateway: the broker failed: ${toLogText(error)}`);
      return { allow: false, refusal: { sqlState: 'XX000', problem: toProblem(error) } };
    });
    const isWanted = isAlive && !isClosing;
    if (decision.allow) {
      if (isWanted) sessions.add(decision.sessionId);
      else endSession(decision.sessionId);
    }
    if (isWanted) send({ kind: 'decision', id, decision });
  }

  /** Also while the gateways close: what still runs is stopped with it. */
  async function loginAgain(id: number, sessionId: string): Promise<void> {
    send({ kind: 'login-again', id, login: await gatekeeper.loginAgain(sessionId) });
  }

  function endSession(sessionId: string): void {
    const nothing = { bytesFromClient: 0, bytesFromUpstream: 0 };
    gatekeeper.sessionEnded({ sessionId, reason: 'gateway-closed', problem: crashed, ...nothing });
  }

  return {
    send,
    /** @returns what could not be opened; undefined where the worker has crashed before it could tell. */
    open: (listeners: ListenerSettings[]) => openings.ask((id) => ({ kind: 'open', id, listeners })),
    /** As {@link GatewayHost.replace}; @returns as `open` */
    replace: (listeners: ListenerSettings[], elevatedTools: OwnerRule['elevatedTools']) =>
      openings.ask((id) => ({ kind: 'replace', id, listeners, elevatedTools })),
    async close(): Promise<void> {
      // Who waits for an answer hears it before the worker sends everybody away.
      const decided = Promise.all([...undecided.values()].map(({ done }) => done));
      await Promise.race([decided, sleep(decidedMs, undefined, { ref: false })]);
      isClosing = true;
      send({ kind: 'close' });
      const timer = setTimeout(over.resolve, closeTimeoutMs);
      await over.promise;
      clearTimeout(timer);
      await worker.terminate();
    },
  };
}

/** The listeners that the worker has been asked to open and has not told of yet. */
function createOpenings(send: (message: ToWorker) => void) {
  const asked = new Map<number, (failures: ListenerFailure[] | undefined) => void>();
  let lastId = 0;
  return {
    /** @returns what could not be opened; undefined after a crash */
    ask(question: (id: number) => ToWorker): Promise<ListenerFailure[] | undefined> {
      lastId += 1;
      const id = lastId;
      return new Promise((done) => {
        asked.set(id, done);
        send(question(id));
      });
    },
    opened(id: number, failures: ListenerFailure[]): void {
      asked.get(id)?.(failures);
      asked.delete(id);
    },
    crashed(): void {
      for (const done of asked.values()) done(undefined);
    },
  };
}
