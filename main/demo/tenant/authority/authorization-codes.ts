import { createHash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Account } from '../directory.ts';
import type { StsError } from '../sts-errors.ts';
import type { TenantSettings } from '../settings.ts';
import { opaqueToken } from './token-issuer.ts';

export interface AuthorizationCode {
  account: Account;
  clientId: string;
  redirectUri: string;
  /** The scope parameter as sent. */
  scope: string;
  mfaDone: boolean;
  nonce: string | undefined;
  codeChallenge: string | undefined;
  codeChallengeMethod: 'S256' | 'plain';
  /** When the person was asked. */
  askedAt: number;
  /** The client wants to know that. */
  tellsAuthTime: boolean;
}

export interface AuthorizationCodes {
  issue(code: AuthorizationCode): string;
  /** Hands a code out once. `verifier` must match the challenge (RFC 7636 section 4.6). */
  redeem(
    code: string,
    clientId: string,
    redirectUri: string,
    verifier: string | undefined,
  ): AuthorizationCode | StsError;
}

export function createAuthorizationCodes(clock: Clock, settings: TenantSettings): AuthorizationCodes {
  const codes = new Map<string, AuthorizationCode & { expiresAt: number; isRedeemed: boolean }>();
  return {
    issue: (request) => {
      const code = opaqueToken('A');
      const expiresAt = clock.now() + settings.authorizationCodeSeconds * 1000;
      codes.set(code, { ...request, expiresAt, isRedeemed: false });
      return code;
    },
    redeem: (code, clientId, redirectUri, verifier) => {
      const found = codes.get(code);
      if (found === undefined || found.clientId !== clientId) return { code: 70000, detail: 'code' };
      if (found.isRedeemed) return { code: 54005 };
      if (found.expiresAt <= clock.now()) return { code: 70008 };
      if (found.redirectUri !== redirectUri) return { code: 70000, detail: 'redirect_uri' };
      if (!provesPossession(found, verifier)) return { code: 501481 };
      found.isRedeemed = true;
      return found;
    },
  };
}

function provesPossession(code: AuthorizationCode, verifier: string | undefined): boolean {
  if (code.codeChallenge === undefined) return verifier === undefined;
  if (verifier === undefined) return false;
  const proof =
    code.codeChallengeMethod === 'plain'
      ? verifier
      : createHash('sha256').update(verifier).digest('base64url');
  return proof === code.codeChallenge;
}
