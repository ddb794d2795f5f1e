import { type MessagePort, parentPort } from 'node:worker_threads';
import { assertNever, toLogText } from '../contract/errors.ts';
import { createGateway } from './gateway.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './messages.ts';
import type { LoginDecision, UpstreamLogin } from './ports.ts';

/**
 * Entry of the gateways' thread: listeners and bytes live here, so that a busy main thread stalls no query. Every
 * decision is asked for through the port.
 * @returns what takes the messages after the settings
 */
function serve(port: MessagePort, settings: WorkerSettings): (message: ToWorker) => void {
  const undecided = new Map<number, (decision: LoginDecision) => void>();
  const logins = new Map<number, (login: UpstreamLogin | undefined) => void>();
  let lastId = 0;
  const send = (message: FromWorker): void => port.postMessage(message);

  const gateway = createGateway({
    ...settings,
    onFault: (error) => send({ kind: 'fault', text: toLogText(error) }),
    gatekeeper: {
      authorize(attempt, gone) {
        lastId += 1;
        const id = lastId;
        const leave = (): void => send({ kind: 'gone', id });
        return new Promise<LoginDecision>((resolve) => {
          undecided.set(id, resolve);
          send({ kind: 'authorize', id, attempt });
          if (gone?.aborted === true) leave();
          else gone?.addEventListener('abort', leave, { once: true });
        }).finally(() => gone?.removeEventListener('abort', leave));
      },
      loginAgain(sessionId) {
        lastId += 1;
        const id = lastId;
        return new Promise((resolve) => {
          logins.set(id, resolve);
          send({ kind: 'login-again', id, sessionId });
        });
      },
      sessionOpened: (sessionId, database) =>
        send({ kind: 'session-opened', sessionId, ...(database === undefined ? {} : { database }) }),
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

  return (message) => {
    switch (message.kind) {
      case 'open': {
        const { id, listeners } = message;
        void gateway.open(listeners).then((failures) => send({ kind: 'opened', id, failures }));
        break;
      }
      case 'replace': {
        const { id, listeners, elevatedTools } = message;
        void gateway
          .replace(listeners, elevatedTools)
          .then((failures) => send({ kind: 'opened', id, failures }));
        break;
      }
      case 'decision':
        undecided.get(message.id)?.(message.decision);
        undecided.delete(message.id);
        break;
      case 'login-again':
        logins.get(message.id)?.(message.login);
        logins.delete(message.id);
        break;
      case 'certify':
        gateway.certify(message.clientTls);
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
  };
}

const port = parentPort;
let handle: ((message: ToWorker) => void) | undefined;
// The settings come first, once the main thread has read them.
port?.on('message', (message: WorkerSettings | ToWorker) => {
  if ('kind' in message) handle?.(message);
  else handle = serve(port, message);
});
