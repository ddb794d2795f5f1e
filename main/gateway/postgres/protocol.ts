import { LatchkeyError } from '../../contract/errors.ts';
import type { GatewayLimits } from '../limits.ts';
import type { ListenerSettings, LoginAttempt, Refusal, ScramParameters } from '../ports.ts';
import type { Allowed, OpenUpstream, Protocol } from '../protocol.ts';
import { terminated } from '../refused.ts';
import {
  type BackendKey,
  encodeAuthentication,
  encodeBackendKey,
  encodeError,
  encodeNegotiateVersion,
} from './backend-messages.ts';
import { createCancelKeys } from './cancel-keys.ts';
import { readProof } from './client-authentication.ts';
import { createMessageBoundary } from './message-boundary.ts';
import { type ClientRequest, readClientRequest } from './negotiation.ts';
import { createScramKeyCache } from './scram-key-cache.ts';
import { formatServerFinal } from './scram-messages.ts';
import { checkStartup } from './startup-parameters.ts';
import { type UpstreamSession, createUpstream } from './upstream.ts';

export interface PostgresOptions {
  settings: ListenerSettings;
  scram: ScramParameters;
  limits: GatewayLimits;
}

type StartupRequest = Extract<ClientRequest, { kind: 'startup' }>;
/** Our keys for clients, and how long one is good for. */
type IssuedKey = ReturnType<ReturnType<typeof createCancelKeys>['issue']>;

/** Minor versions of protocol 3 that we speak: 0, and 2 with its longer cancel keys. There is no 1. */
const newestMinor = 2;

/**
 * PostgreSQL, version 3 of its protocol (https://www.postgresql.org/docs/current/protocol.html).
 * @throws Error where the settings' certificate authority is unusable.
 */
export function createPostgresProtocol({ settings, scram, limits }: PostgresOptions): Protocol {
  const upstream = createUpstream(settings.upstream, createScramKeyCache());
  const cancelKeys = createCancelKeys();

  /** A cancel request has no answer, so that its failure cannot be told either; the query goes on. */
  async function cancel(key: BackendKey | undefined): Promise<void> {
    if (key === undefined) return;
    await upstream.cancel(key, AbortSignal.timeout(limits.cancelMs)).catch(() => undefined);
  }

  async function open(
    proof: LoginAttempt['proof'],
    allowed: Allowed,
    parameters: Map<string, string>,
    minor: number,
    signal: AbortSignal,
  ): Promise<OpenUpstream> {
    const far = await upstream.logIn(allowed.login, parameters, signal);
    const key = far.key && cancelKeys.issue(far.key, minor >= 2 ? 32 : 4);
    const boundary = createMessageBoundary();
    return {
      connection: far.connection,
      release: () => far.reader.release(),
      welcome: welcome(proof, allowed, far, key),
      watchToClient: boundary.watch,
      farewell: (reason) => (boundary.atBoundary ? encodeRefusal(terminated(reason).refusal) : undefined),
      stop: () => void cancel(far.key),
      forget: () => key?.forget(),
    };
  }

  return {
    name: 'PostgreSQL',
    speaksFirst: false,
    async meet(caller) {
      const request = await readClientRequest(caller.client.socket, caller.reader);
      caller.started();
      if (request.kind === 'cancel') {
        await cancel(cancelKeys.find(request));
        return undefined;
      }
      const { user, database, program, parameters } = checkStartup(request.parameters, settings);
      const minor = Math.min(request.minor, newestMinor);
      const before = versionAnswer(request, minor);
      const proof = await readProof(caller.client.socket, caller.reader, settings.clientAuth, scram, before);
      return {
        login: { clientUser: user, database, program, proof },
        open: (allowed, signal) => open(proof, allowed, parameters, minor, signal),
      };
    },
    encodeRefusal,
  };
}

/** What goes out first where the client wants more of the protocol than we speak: "Start-up". */
function versionAnswer({ minor, protocolOptions }: StartupRequest, spoken: number): Buffer {
  const needed = minor > newestMinor || protocolOptions.length > 0;
  return needed ? encodeNegotiateVersion(spoken, protocolOptions) : Buffer.alloc(0);
}

/** What the client gets between its proof and the first query: "Start-up" and "SCRAM-SHA-256 Authentication". */
function welcome(
  proof: LoginAttempt['proof'],
  { serverSignature }: Allowed,
  far: UpstreamSession,
  key: IssuedKey | undefined,
): Buffer {
  const messages: Buffer[] = [];
  if (proof.kind === 'scram-sha-256') {
    if (serverSignature === undefined)
      throw new LatchkeyError('internal', 'Latchkey met an error it did not expect.', {
        cause: new TypeError('a SCRAM login was allowed without a server signature'),
      });
    messages.push(encodeAuthentication({ kind: 'sasl-final', data: formatServerFinal(serverSignature) }));
  }
  messages.push(encodeAuthentication({ kind: 'ok' }), far.greeting);
  if (key !== undefined) messages.push(encodeBackendKey(key));
  return Buffer.concat([...messages, far.ready]);
}

/** The client's error for a refusal: message and hint are the problem's two sentences. */
function encodeRefusal({ sqlState, problem }: Refusal): Buffer {
  const { message, remedy } = problem;
  return encodeError({
    severity: 'FATAL',
    sqlState,
    message,
    ...(remedy === undefined ? {} : { hint: remedy }),
  });
}
