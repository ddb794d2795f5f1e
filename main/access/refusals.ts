import { LatchkeyError, type ErrorCode, type Problem } from '../contract/errors.ts';
import type { Refusal } from '../gateway/ports.ts';
import type { Handle } from './handle-record.ts';

/**
 * SQLSTATE for a refusal. Everything that is about who may come in is 28000 (invalid authorization specification), as
 * clients show it with its message; they treat 28P01 as "ask for the password again" and hide the hint.
 */
const otherStates: Partial<Record<ErrorCode, string>> = {
  'limit-reached': '53300',
  'database-unknown': '3D000',
  'database-not-allowed': '42501',
  'replication-not-allowed': '42501',
  internal: 'XX000',
};

export function refusal(problem: Problem): Refusal {
  return { sqlState: otherStates[problem.code] ?? '28000', problem };
}

/** The sentences that a person reads in psql or in a tool's login dialog. */
export function tokenRefused(
  code: 'token-wrong' | 'token-expired' | 'token-revoked' | 'token-foreign',
  connection: string,
  expiredAt?: number,
): LatchkeyError {
  const expired = expiredAt === undefined ? '' : ` at ${new Date(expiredAt).toISOString()}`;
  const sentences: Record<typeof code, string> = {
    'token-wrong': 'Latchkey does not know this token: it was mistyped, or belongs to an earlier run.',
    'token-expired': `This token expired${expired}.`,
    'token-revoked': 'This token has been revoked.',
    'token-foreign': `This token was not issued for this user on connection "${connection}".`,
  };
  const another = `Copy a new token for "${connection}" from the Latchkey window, or run: latchkey token ${connection}`;
  const name = '; the user name is your sign-in name or the role that the token was issued for';
  const remedy = code === 'token-foreign' ? another + name : another;
  return new LatchkeyError(code, sentences[code], { remedy });
}

export function handleRefused(
  code: 'handle-revoked' | 'handle-expired' | 'handle-foreign',
  { tool, connection, expiresAt }: Handle,
): LatchkeyError {
  const sentences: Record<typeof code, string> = {
    'handle-revoked': `The saved password for "${tool}" has been revoked.`,
    'handle-expired': `The saved password for "${tool}" expired at ${new Date(expiresAt).toISOString()}.`,
    'handle-foreign': `The saved password for "${tool}" is not for this user and connection.`,
  };
  const remedy =
    code === 'handle-foreign'
      ? `It opens "${connection}" only, with the sign-in name that it was made under as the user name.`
      : `Make a new one for "${connection}" in the Latchkey window, or run: latchkey saved-password make ${connection}`;
  return new LatchkeyError(code, sentences[code], { remedy });
}
