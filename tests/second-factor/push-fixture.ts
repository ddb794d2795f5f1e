import type { FetchLike } from '../../main/contract/http.ts';
import { createFetch } from '../../main/base/http.ts';
import type { PushAttempts } from '../../main/second-factor/push-attempts.ts';
import type { PushEnrolment } from '../../main/second-factor/push-enrolment.ts';
import { createPush, type Push, type PushOptions, type PushRequest } from '../../main/second-factor/push.ts';
import { type NtfyServer, type NtfyServerOptions, startNtfyServer } from './ntfy-server.ts';
import { createPhone, type Phone } from './push-phone.ts';

export interface PushFixture {
  server: NtfyServer;
  push: Push;
  enrolment: PushEnrolment;
  phone: Phone;
  /** What was saved last for each account. */
  saved: Map<string, PushAttempts>;
  fetch: FetchLike;
  /** Moves the broker's clock. */
  advance(ms: number): void;
  /** Starts a request; `number` is fulfilled with the number on the screen. */
  ask(changes?: Partial<PushRequest>): Asked;
  /** A broker that was started anew over what the first one has saved. */
  restarted(): Push;
  close(): Promise<void>;
}

export interface Asked {
  number: Promise<number>;
  /** Fulfilled with `approved` or with the error, so that no rejection is ever unhandled. */
  outcome: Promise<unknown>;
  abort(): void;
}

export const adele = 'tenant-1/adele';

export async function startPush(
  options: NtfyServerOptions &
    Partial<Pick<PushOptions, 'timing'>> & { token?: string; phoneToken?: string } = {},
): Promise<PushFixture> {
  const { timing, token, phoneToken = token, ...serverOptions } = options;
  const server = await startNtfyServer(serverOptions);
  const { fetch, close } = createFetch();
  const saved = new Map<string, PushAttempts>();
  let offset = 0;
  const create = () =>
    createPush({
      server: server.origin,
      fetch,
      ledger: {
        load: async (account) => saved.get(account),
        save: async (account, attempts) => void saved.set(account, structuredClone(attempts)),
      },
      now: () => Date.now() + offset,
      timing: { retryMs: 20, ...timing },
    });
  const pushes = [create()];
  const [push] = pushes as [Push];
  const { enrolment } = push.enrol(token);
  return {
    server,
    push,
    enrolment,
    phone: createPhone(server.origin, enrolment.requestTopic, phoneToken),
    saved,
    fetch,
    advance: (ms) => void (offset += ms),
    ask: (changes = {}) => startRequest(push, { ...subject(enrolment), ...changes }),
    restarted() {
      const next = create();
      pushes.push(next);
      return next;
    },
    async close() {
      await Promise.all(pushes.map((each) => each.close()));
      await close();
      await server.close();
    },
  };
}

export function subject(enrolment: PushEnrolment): Omit<PushRequest, 'onNumber'> {
  return {
    account: adele,
    enrolment,
    program: 'psql',
    connection: 'Sales warehouse',
    database: 'sales',
    role: 'reporting',
    place: { host: 'laptop-7', clientAddress: '127.0.0.1' },
    time: Date.parse('2026-03-10T09:12:30.000Z'),
  };
}

export function startRequest(push: Push, request: Omit<PushRequest, 'onNumber'>): Asked {
  const number = Promise.withResolvers<number>();
  const controller = new AbortController();
  const outcome = push
    .request({ ...request, onNumber: (shown) => number.resolve(shown) }, controller.signal)
    .catch((error: unknown) => error);
  return { number: number.promise, outcome, abort: () => controller.abort(new Error('given up')) };
}
