import { X509Certificate } from 'node:crypto';
import { LatchkeyError } from '../../contract/errors.ts';
import { clientTlsContext, fromCertificate } from '../client-tls.ts';
import type { GatewayLimits } from '../limits.ts';
import type { ListenerSettings, LoginAttempt, Refusal, ScramParameters } from '../ports.ts';
import type { Allowed, OpenUpstream, Protocol } from '../protocol.ts';
import {
  encodeAuthentication,
  encodeBackendKey,
  encodeError,
  encodeNegotiateVersion,
} from './backend-messages.ts';
import { refused, sqlStates, tlsRequired } from '../refused.ts';
import { createCancelKeys } from './cancel-keys.ts';
import { certificateHash } from './certificate-hash.ts';
import { readProof } from './client-authentication.ts';
import { type ClientRequest, holdsClientRequest, readClientRequest } from './negotiation.ts';
import { createOpenRequests } from './open-requests.ts';
import { createScramKeyCache } from './scram-key-cache.ts';
import { formatServerFinal } from './scram-messages.ts';
import {
  checkStartup,
  type ClientStartup,
  replicationParameter,
  sessionSettings,
} from './startup-parameters.ts';
import { type ServerKey, type UpstreamSession, createUpstream } from './upstream.ts';

export interface PostgresOptions {
  settings: ListenerSettings;
  scram: ScramParameters;
  limits: GatewayLimits;
}

type StartupRequest = Extract<ClientRequest, { kind: 'startup' }>;
/** Our keys for clients, and how long one is good for. */
type IssuedKey = ReturnType<ReturnType<typeof createCancelKeys>['issue']>;

/**
 * No process has a larger number (Linux: PID_MAX_LIMIT). PgBouncer and its like make keys of random bytes, as there is no
 * process behind them.
 */
const maxProcessId = 2 ** 22;

/** Minor versions of protocol 3 that we speak: 0, and 2 with its longer cancel keys. There is no 1. */
const newestMinor = 2;

/**
 * PostgreSQL, version 3 of its protocol (https://www.postgresql.org/docs/current/protocol.html).
 * @throws Error where the settings' certificate authority, certificate or key are unusable.
 */
export function createPostgresProtocol({ settings, scram, limits }: PostgresOptions): Protocol {
  const upstream = createUpstream(settings.upstream, createScramKeyCache());
  const cancelKeys = createCancelKeys<ServerKey>();
  const currentTls = fromCertificate(settings, clientTls);

  async function stop(key: ServerKey | undefined, signal: AbortSignal): Promise<void> {
    if (key !== undefined) await upstream.cancel(key, signal);
  }

  async function open(
    { parameters, replication }: ClientStartup,
    proof: LoginAttempt['proof'],
    allowed: Allowed,
    minor: number,
    signal: AbortSignal,
  ): Promise<OpenUpstream> {
    const { login } = allowed;
    if (allowed.replication !== replication) throw replicationRefused();
    const kind = replicationParameter(replication);
    const upstreamSession = await upstream.logIn(
      login,
      [...kind, ...sessionSettings(parameters, login, replication)],
      signal,
    );
    const key = upstreamSession.key && cancelKeys.issue(upstreamSession.key, minor >= 2 ? 32 : 4);
    const requests = createOpenRequests();
    return {
      connection: upstreamSession.connection,
      release: () => upstreamSession.reader.release(),
      welcome: welcome(proof, allowed, upstreamSession, key),
      watchToClient: requests.watchToClient,
      translate: (chunk) => {
        requests.watchFromClient(chunk);
        return chunk;
      },
      farewell: (refusal) => (requests.atBoundary ? encodeRefusal(refusal) : undefined),
      clientLeft: () => requests.clientLeft,
      openRequests: () => requests.count,
      isPooled:
        upstreamSession.key !== undefined &&
        (upstreamSession.key.processId < 0 || upstreamSession.key.processId > maxProcessId),
      stop: (signal) => stop(upstreamSession.key, signal),
      forget: () => key?.forget(),
    };
  }

  return {
    name: 'PostgreSQL',
    holdsFirstMessage: holdsClientRequest,
    async identify(handshake) {
      const tls = currentTls();
      const { request, encrypted } = await readClientRequest(handshake, tls?.secureContext);
      handshake.started();
      if (request.kind === 'cancel') {
        // A cancel request has no answer, so that its failure cannot be told either; the query goes on.
        await stop(cancelKeys.find(request), AbortSignal.timeout(limits.cancelMs)).catch(() => undefined);
        return undefined;
      }
      // As MySQL has it, a unix socket counts as safe.
      if (settings.requireTls === true && !encrypted && handshake.peer.transport === 'tcp')
        throw tlsRequired(settings.connection);
      const client = checkStartup(request.parameters, settings);
      const { user, database, program, replication } = client;
      const minor = Math.min(request.minor, newestMinor);
      const before = versionAnswer(request, minor);
      const proof = await readProof(
        handshake,
        settings.clientAuth,
        scram,
        before,
        encrypted ? tls?.endPoint : undefined,
      );
      return {
        encrypted,
        login: { clientUser: user, database, program, proof, ...(replication && { replication }) },
        open: (allowed, signal) => open(client, proof, allowed, minor, signal),
      };
    },
    encodeRefusal,
  };
}

function replicationRefused() {
  return refused(sqlStates.insufficientPrivilege, {
    code: 'replication-not-allowed',
    message: 'Replication connections are not passed on here.',
    remedy: 'Ask the administrator of Latchkey for a rule with "replication".',
  });
}

/** How clients reach this gateway encrypted, and what they may bind their proof to. */
function clientTls(pair: NonNullable<ListenerSettings['clientTls']>) {
  return {
    secureContext: clientTlsContext(pair),
    endPoint: certificateHash(new X509Certificate(pair.certificate).raw),
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
  upstreamSession: UpstreamSession,
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
  messages.push(encodeAuthentication({ kind: 'ok' }), upstreamSession.greeting);
  if (key !== undefined) messages.push(encodeBackendKey(key));
  return Buffer.concat([...messages, upstreamSession.ready]);
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
