/**
 * Every failure that a person can meet has one of these codes. The code is stable and is what scripts, tests and
 * the CLI's `--json` output rely on; the message is for people and says what to do.
 */
export const errorCodes = [
  // Configuration and start
  'config-unreadable',
  'config-invalid',
  'config-changed',
  'organisation-untrusted',
  'organisation-locked',
  'home-unusable',
  'home-in-use',
  'port-in-use',
  'socket-unusable',
  // Sealed store
  'seal-unavailable',
  'sealed-unreadable',
  'stored-newer',
  'store-failed',
  // The bundle of an organisation
  'bundle-unreachable',
  'bundle-invalid',
  'bundle-wrong-key',
  'bundle-older',
  'bundle-expired',
  // Sign-in (what Entra ID said is in `entra` beside the code)
  'sign-in-required',
  'sign-in-busy',
  'sign-in-cancelled',
  'sign-in-declined',
  'sign-in-blocked',
  'sign-in-refused',
  'sign-in-expired',
  'code-expired',
  'authority-unreachable',
  'authority-invalid',
  'tenant-unknown',
  'application-unknown',
  'wrong-tenant',
  'wrong-account',
  'account-ambiguous',
  'account-disabled',
  'clock-wrong',
  // Directory
  'directory-unreachable',
  'directory-refused',
  'groups-unknown',
  // Access
  'connection-unknown',
  'database-unknown',
  'database-not-allowed',
  'outside-times',
  'replication-not-allowed',
  'role-not-allowed',
  'not-allowed',
  'token-wrong',
  'token-expired',
  'token-revoked',
  'token-foreign',
  'token-unknown',
  'handle-revoked',
  'handle-expired',
  'handle-foreign',
  'handle-unknown',
  'client-denied',
  'client-gone',
  'session-unknown',
  'screen-locked',
  'os-user-refused',
  'os-user-unknown',
  'limit-reached',
  // Second factor
  'mfa-required',
  'mfa-not-enrolled',
  'mfa-wrong',
  'mfa-locked',
  'mfa-denied',
  'mfa-expired',
  'mfa-unavailable',
  'push-failed',
  'mail-failed',
  // Upstream
  'upstream-unreachable',
  'upstream-owner-refused',
  'upstream-tls-failed',
  'upstream-login-failed',
  'upstream-protocol',
  'credential-missing',
  'credential-failed',
  // Audit
  'audit-unwritable',
  'audit-broken',
  'export-failed',
  // Newer versions of the application
  'updates-off',
  'update-unreachable',
  'update-untrusted',
  'update-not-ready',
  'update-failed',
  'sessions-open',
  // Local API and CLI
  'broker-not-running',
  'broker-unanswering',
  'broker-stopping',
  'request-invalid',
  'request-refused',
  'protocol-unsupported',
  'tls-required',
  'command-failed',
  'internal',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** What Entra ID or Graph said, kept for support: the AADSTS number, trace id and correlation id. */
export interface EntraFault {
  /** The number behind "AADSTS", for example 53003; absent where the answer had none. */
  aadsts?: number;
  /** OAuth error name, for example "invalid_grant". */
  error?: string;
  suberror?: string;
  /** Claims challenge (JSON text) that a new sign-in must satisfy. */
  claims?: string;
  traceId?: string;
  correlationId?: string;
}

/** What is wrong at one place of a configuration. */
export interface FileFault {
  /** The file, or the address of an organisation's settings. */
  file: string;
  line?: number;
  /** What stands there and what is wrong with it; no whole sentence. */
  text: string;
}

/** The plain-data form of an error: what crosses threads, IPC and the HTTP API. */
export interface Problem {
  code: ErrorCode;
  /** One sentence: what happened. */
  message: string;
  /** One sentence: what the person can do about it. */
  remedy?: string;
  entra?: EntraFault;
  /** With `config-invalid`: each fault by itself, as the message lists them. */
  faults?: FileFault[];
}

export class LatchkeyError extends Error {
  override readonly name = 'LatchkeyError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;
  readonly entra: EntraFault | undefined;
  readonly faults: readonly FileFault[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      remedy?: string | undefined;
      entra?: EntraFault | undefined;
      faults?: readonly FileFault[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.entra = options.entra;
    this.faults = options.faults;
  }
}

/** Rebuilds the error from its plain form, for example in the CLI from the API's answer. */
export function fromProblem(problem: Problem): LatchkeyError {
  const { code, message, remedy, entra, faults } = problem;
  return new LatchkeyError(code, message, { remedy, entra, faults });
}

/**
 * The plain form of anything thrown. An error that is not ours becomes `internal` with a fixed sentence: its own text
 * may hold a secret (a URL, a token), so it goes to the log of the process that caught it and never to a client.
 */
export function toProblem(thrown: unknown): Problem {
  if (!(thrown instanceof LatchkeyError)) {
    return {
      code: 'internal',
      message: 'Latchkey met an error it did not expect.',
      remedy: 'Try again; if it stays, look into the log and file an issue.',
    };
  }
  const problem: Problem = { code: thrown.code, message: thrown.message };
  if (thrown.remedy !== undefined) problem.remedy = thrown.remedy;
  if (thrown.entra !== undefined) problem.entra = thrown.entra;
  if (thrown.faults !== undefined) problem.faults = [...thrown.faults];
  return problem;
}

/** What the log of the process gets of anything thrown: our sentence, or the whole of an error that is not ours. */
export function toLogText(thrown: unknown): string {
  if (!(thrown instanceof Error)) return 'unknown error';
  return thrown instanceof LatchkeyError ? thrown.message : (thrown.stack ?? thrown.message);
}

/** For switches over unions: a new member that nobody handles fails the type check, not the user. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
}
