import { type ErrorCode, type Problem, toProblem } from '../contract/errors.ts';
import type { Refusal } from './ports.ts';

/** Thrown wherever a login ends with an answer to the client. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.problem.message);
    this.refusal = refusal;
  }
}

/**
 * Thrown where there is nobody to answer, or nothing that the other side would understand. With a problem it is worth
 * a record; without, it is what clients do every day.
 */
export class HungUp extends Error {
  override readonly name = 'HungUp';
  readonly problem: Problem | undefined;

  constructor(problem?: Problem) {
    super(problem?.message ?? 'the client is gone');
    this.problem = problem;
  }
}

/** Bytes that do not follow the protocol. The message completes "it does not follow the … protocol: ". */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/**
 * SQLSTATEs of what the gateway itself refuses (PostgreSQL's appendix "Error Codes"). They are the common language of all
 * protocols here; MySQL and SQL Server translate them to their own numbers.
 */
export const sqlStates = {
  unreachable: '08001',
  rejectedByUpstream: '08004',
  connectionFailure: '08006',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  insufficientPrivilege: '42501',
  unauthorized: '28000',
  wrongPassword: '28P01',
  undefinedDatabase: '3D000',
  invalidParameterValue: '22023',
  tooManyConnections: '53300',
  terminated: '57P01',
  idle: '57P05',
  internal: 'XX000',
} as const;

export function refused(sqlState: string, problem: Problem): Refused {
  return new Refused({ sqlState, problem });
}

/** Message and remedy for clients that have one text only. A server's own words at the end of the message may be no sentence. */
export function inOneText({ message, remedy }: Problem): string {
  if (remedy === undefined) return message;
  return `${message}${/[.!?…]$/.test(message) ? '' : '.'} ${remedy}`;
}

/** What a server says to a session that its administrator ends. */
export function terminated(reason: string): Refused {
  return refused(sqlStates.terminated, { code: 'request-refused', message: reason });
}

/** Whoever is told so has sent a password or a proof in clear, or was about to. */
export function tlsRequired(connection: string): Refused {
  return refused(sqlStates.unauthorized, {
    code: 'tls-required',
    message: `Connections using insecure transport are prohibited: "${connection}" takes encrypted ones only (requireTls).`,
    remedy:
      'Turn encryption on in the client, and let it trust the authority of this installation: latchkey certificate install',
  });
}

const upstreamStates: Partial<Record<ErrorCode, string>> = {
  'upstream-unreachable': sqlStates.unreachable,
  'upstream-owner-refused': sqlStates.unreachable,
  'upstream-tls-failed': sqlStates.unreachable,
  'upstream-login-failed': sqlStates.rejectedByUpstream,
  'credential-missing': sqlStates.rejectedByUpstream,
  'credential-failed': sqlStates.rejectedByUpstream,
  'upstream-protocol': sqlStates.connectionFailure,
};

/**
 * What to tell the client about anything thrown; undefined where it gets no answer.
 * @param protocol its name, for sentences.
 */
export function toRefusal(thrown: unknown, protocol: string): Refusal | undefined {
  if (thrown instanceof HungUp) return undefined;
  if (thrown instanceof Refused) return thrown.refusal;
  if (thrown instanceof ProtocolError) {
    const message = `The client does not follow the ${protocol} protocol: ${thrown.message}.`;
    const remedy = 'Update the client, or use another one.';
    return {
      sqlState: sqlStates.protocolViolation,
      problem: { code: 'protocol-unsupported', message, remedy },
    };
  }
  const problem = toProblem(thrown);
  return { sqlState: upstreamStates[problem.code] ?? sqlStates.internal, problem };
}
