import type { Clock } from '../clock.ts';
import type { Account } from '../directory.ts';
import type { IssueOrder } from './issue-order.ts';
import type { StsError } from '../sts-errors.ts';
import type { TenantSettings } from '../settings.ts';
import { opaqueToken } from './token-issuer.ts';

export interface RefreshToken {
  account: Account;
  clientId: string;
  mfaDone: boolean;
  /** When the person was asked, in milliseconds of the tenant's clock; the same over all exchanges. */
  askedAt: number;
  /** Milliseconds of the tenant's clock. */
  issuedAt: number;
  expiresAt: number;
  /** Set by an administrator's revocation or an enforced expiry: the error that every later use gets. */
  ended: StsError | undefined;
}

export interface RefreshTokens {
  /** A new token. The one it was exchanged for stays valid, as in Entra ID. */
  issue(account: Account, clientId: string, mfaDone: boolean, askedAt: number): string;
  /** The token with the client it was issued to, or why it does not serve. */
  find(token: string, clientId: string): RefreshToken | StsError;
  /** Ends all of a user's tokens with one of the codes 50173, 700081, 700082. Returns how many were alive. */
  end(account: Account, code: 50173 | 700081 | 700082): number;
  /** Since when CAE resources refuse the user's older access tokens. */
  revocation(account: Account): Revocation | undefined;
  /** Makes CAE resources refuse the access tokens issued so far, and leaves refresh tokens alive. */
  challenge(account: Account): void;
}

export interface Revocation {
  /** The newest token it covers. */
  position: number;
  /** Milliseconds of the tenant's clock. */
  at: number;
}

export function createRefreshTokens(
  clock: Clock,
  settings: TenantSettings,
  order: IssueOrder,
): RefreshTokens {
  const tokens = new Map<string, RefreshToken>();
  const revocations = new Map<string, Revocation>();
  const keyOf = ({ tenant, user }: Account): string => `${tenant.id} ${user.id}`;
  const challenge = (account: Account): void => {
    revocations.set(keyOf(account), { position: order.current(), at: clock.now() });
  };
  return {
    issue: (account, clientId, mfaDone, askedAt) => {
      const token = opaqueToken('R');
      const issuedAt = clock.now();
      const expiresAt = issuedAt + settings.refreshTokenSeconds * 1000;
      tokens.set(token, { account, clientId, mfaDone, askedAt, issuedAt, expiresAt, ended: undefined });
      return token;
    },
    find: (token, clientId) => {
      const found = tokens.get(token);
      if (found === undefined || found.clientId !== clientId) return { code: 70000, detail: 'refresh_token' };
      if (found.ended !== undefined) return found.ended;
      if (found.expiresAt > clock.now()) return found;
      return { code: 700082, detail: new Date(found.issuedAt).toISOString() };
    },
    end: (account, code) => {
      if (code === 50173) challenge(account);
      let count = 0;
      for (const token of tokens.values()) {
        if (keyOf(token.account) !== keyOf(account) || token.ended !== undefined) continue;
        token.ended = { code, detail: new Date(token.issuedAt).toISOString() };
        count += 1;
      }
      return count;
    },
    revocation: (account) => revocations.get(keyOf(account)),
    challenge,
  };
}
