import type { ConnectionSettings } from '../config/schema.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { LoginAttempt } from '../gateway/ports.ts';
import { programIdentity } from '../prompts/program.ts';
import type { Handle } from './handle-record.ts';
import type { Handles } from './handles.ts';
import type { LiveLogins } from './live-logins.ts';
import { handleRefused, tokenRefused } from './refusals.ts';
import { kindOfText } from './token-text.ts';
import type { Token, Tokens } from './tokens.ts';
import { namesPerson } from './user-name.ts';

/** Who came with what: a token, or a handle behind which a token is still to be made. */
export interface Verified {
  token?: Token;
  handle?: Handle;
  serverSignature?: Uint8Array;
  /** The token has expired, and these sessions that it has opened are live: they may still be told to stop. */
  onlyKill?: string[];
}

export interface ProofCheckOptions {
  tokens: Tokens;
  handles: Handles;
  live: LiveLogins;
  /** The user whom this process belongs to; undefined on systems without user ids. */
  uid: number | undefined;
}

/**
 * Holds the proof of an attempt against every token and handle.
 * @returns a function that throws LatchkeyError `token-…`, `handle-…`, with `found` told first where the proof fitted one.
 */
export function createProofCheck({ tokens, handles, live, uid }: ProofCheckOptions) {
  return (
    attempt: LoginAttempt,
    connection: ConnectionSettings,
    found: (verified: Verified) => void,
  ): Verified => {
    const ofToken = tokens.verify(attempt);
    const ofHandle = ofToken.ok || ofToken.token !== undefined ? undefined : handles.verify(attempt);
    if (ofHandle !== undefined) {
      found({ handle: ofHandle.handle });
      if (!ofHandle.ok) throw handleRefused(ofHandle.code, ofHandle.handle);
      checkOwner(ofHandle.handle, attempt, uid);
      return ofHandle;
    }
    if (ofToken.token !== undefined) found({ token: ofToken.token });
    if (ofToken.ok) return ofToken;
    if (ofToken.token === undefined) refuseUnreadHandle(attempt, handles);
    const { code, token } = ofToken;
    const onlyKill =
      code === 'token-expired' && token !== undefined ? sessionsToStop(token, attempt, connection, live) : [];
    if (token !== undefined && onlyKill.length > 0) return { token, onlyKill };
    throw tokenRefused(code, attempt.connection, token?.expiresAt);
  };
}

/** Behind a locked keyring nobody can tell a handle from a wrong password. */
function refuseUnreadHandle({ proof }: LoginAttempt, handles: Handles): void {
  const why = handles.missing();
  if (why === undefined || (proof.kind === 'password' && kindOfText(proof.password) === 'token')) return;
  throw new LatchkeyError('seal-unavailable', `Saved passwords cannot be checked now: ${why.message}`, {
    remedy: why.remedy,
    cause: why,
  });
}

/** A MySQL client stops its statement (Ctrl-C) by a login of its own, with the token of before. */
function sessionsToStop(
  expired: Token,
  { connection, clientUser }: LoginAttempt,
  { protocol }: ConnectionSettings,
  live: LiveLogins,
): string[] {
  const isSame =
    expired.connection === connection &&
    (clientUser === expired.role || namesPerson(clientUser, expired.account.username));
  if (!isSame || protocol !== 'mysql') return [];
  return live.ids(({ token }) => token.id === expired.id);
}

/** A handle belongs to one user of this system and, once bound, to one program. */
function checkOwner(handle: Handle, { peer }: LoginAttempt, uid: number | undefined): void {
  if (handle.uid !== uid) throw handleRefused('handle-foreign', handle);
  const program = programIdentity(peer.process);
  if (handle.boundTo === undefined || handle.boundTo === program) return;
  const whose = `This saved password was made for "${handle.tool}" and belongs to ${handle.boundTo}`;
  throw program === undefined
    ? new LatchkeyError('handle-foreign', `${whose}; which program came with it cannot be told.`, {
        remedy: 'Connect again; if it stays, use a token.',
      })
    : new LatchkeyError('handle-foreign', `${whose}; another program came with it.`, {
        remedy: `Make one for this program: latchkey saved-password make ${handle.connection}`,
      });
}
