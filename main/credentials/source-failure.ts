import { LatchkeyError, type EntraFault, type ErrorCode } from '../contract/errors.ts';

/**
 * Why a source gave no credential. `reason` goes on where "The credential for role x of y cannot be had:" ends. Both
 * texts reach the SQL client, the log and the audit: nothing that a program or a server has said is ever put into
 * them, since it may hold a secret.
 */
export class SourceFailure extends Error {
  override readonly name = 'SourceFailure';
  readonly code: Extract<ErrorCode, 'credential-missing' | 'credential-failed'>;
  readonly reason: string;
  readonly remedy: string;
  readonly entra: EntraFault | undefined;

  constructor(
    reason: string,
    remedy: string,
    options: { code?: SourceFailure['code']; entra?: EntraFault | undefined } = {},
  ) {
    super(reason);
    this.code = options.code ?? 'credential-failed';
    this.reason = reason;
    this.remedy = remedy;
    this.entra = options.entra;
  }
}

/** A name that the configuration gives, and nobody has set. */
export function notStored(what: string, name: string): SourceFailure {
  return new SourceFailure(
    `${what} has not been stored`,
    `The administrator stores it with: latchkey secret set ${name}`,
    { code: 'credential-missing' },
  );
}

export function closing(): SourceFailure {
  return new SourceFailure('Latchkey is closing', 'Start it again.');
}

/** The error for a person. What is not ours is not quoted, as it may hold a secret. */
export function explainFailure(error: unknown, place: { role: string; connection: string }): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  const failure =
    error instanceof SourceFailure
      ? error
      : new SourceFailure(
          'Latchkey met an error it did not expect',
          'Try again; if it stays, file an issue.',
        );
  return new LatchkeyError(
    failure.code,
    `The credential for role "${place.role}" of "${place.connection}" cannot be had: ${failure.reason}.`,
    { remedy: failure.remedy, entra: failure.entra },
  );
}
