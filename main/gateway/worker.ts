import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assertNever } from '../contract/errors.ts';
import { createGateway } from './gateway.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import type { LoginDecision } from './ports.ts';

/**
 * Entry of the gateways' thread: listeners and bytes live here, so that a busy main thread stalls no query. Every
 * decision is asked for through the port.
 */
function serve(port: MessagePort, { scram, limits }: WorkerSettings): void {
  const undecided = new Map<number, (decision: LoginDecision) => void>();
  let lastId = 0;
  const send = (message: FromWorker): void => port.postMessage(message);

  const gateway = createGateway({
    scram,
    limits,
    onFault: (error) =>
      send({ kind: 'fault', text: error instanceof Error ? (error.stack ?? '') : 'unknown' }),
    gatekeeper: {
      authorize(attempt) {
        lastId += 1;
        const id = lastId;
        return new Promise((resolve) => {
          undecided.set(id, resolve);
          send({ kind: 'authorize', id, attempt });
        });
      },
      sessionOpened: (sessionId) => send({ kind: 'session-opened', sessionId }),
      traffic: (news) => send({ kind: 'traffic', news }),
      sessionEnded: (end) => send({ kind: 'session-ended', end }),
      rejected: (rejection) => send({ kind: 'rejected', rejection }),
    },
  });

  async function close(): Promise<void> {
    await gateway.close();
    send({ kind: 'closed' });
    port.close();
  }

  port.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'open': {
        const { id, listeners } = message;
        void gateway.open(listeners).then((failures) => send({ kind: 'opened', id, failures }));
        break;
      }
      case 'decision':
        undecided.get(message.id)?.(message.decision);
        undecided.delete(message.id);
        break;
      case 'cut':
        gateway.cut(message.sessionIds, message.reason);
        break;
      case 'close':
        void close();
        break;
      default:
        assertNever(message);
    }
  });
}

if (parentPort !== null) serve(parentPort, workerData as WorkerSettings);
