import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '../audit/events.ts';
import { defined } from '../base/defined.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { Account, TokenState } from '../contract/state.ts';
import type { LoginAttempt, ScramParameters } from '../gateway/ports.ts';
import type { Clocks } from './clocks.ts';
import { kindOfText, newTokenText } from './token-text.ts';
import { type Verifier, checkProof, verifierOf } from './verifier.ts';
import { namesPerson } from './user-name.ts';

/** What a token is bound to. */
export interface TokenBinding {
  sessionId: string;
  connection: string;
  role: string;
  /** The rule's group: when the person leaves it, the token goes. */
  groupId: string;
  account: Account;
  /** The operating system's user id, where the system has one. */
  uid: number | undefined;
  /** Set for a token that was made behind a handle: nobody holds its text. */
  handleId?: string;
}

export interface Token extends TokenBinding {
  id: string;
  issuedAt: number;
  expiresAt: number;
  uses: number;
}

export type Verification =
  | { ok: true; token: Token; serverSignature?: Uint8Array }
  | { ok: false; code: 'token-wrong' | 'token-expired' | 'token-revoked' | 'token-foreign'; token?: Token };

interface Kept {
  token: Token;
  /** Absent for a token behind a handle. */
  verifier?: Verifier;
  /** On the monotonic clock, which a change of the wall clock cannot stretch. */
  expiresMonotonic: number;
  revoked: boolean;
}

/** More live tokens than a person or a busy BI server has use for; a limit against runaway scripts. */
const maxLive = 1000;
/** Dead tokens are remembered for a while, so that a client that still holds one is told why it is refused. */
const rememberDeadMs = 24 * 3600_000;
const maxDead = 1000;
const recentAtMost = 16;

export type Tokens = ReturnType<typeof createTokens>;

/**
 * Issues and checks the short-lived passwords of SQL clients. The text leaves this room once, as the answer of
 * `issue`; what stays is a digest and the verifier of RFC 5803, made when the token is issued so that no login
 * waits for PBKDF2.
 */
export function createTokens(scram: ScramParameters, clocks: Clocks) {
  const live = new Map<string, Kept>();
  const dead = new Map<string, Kept>();
  /** Those that let somebody in lately, the last one last: likeliest to come again, and held against a proof first. */
  const recent = new Set<string>();

  function bury(kept: Kept): void {
    live.delete(kept.token.id);
    dead.set(kept.token.id, kept);
    for (const [id, { token }] of dead) {
      if (dead.size <= maxDead && clocks.wall() - token.expiresAt < rememberDeadMs) break;
      dead.delete(id);
    }
  }

  /** Either clock ends a token: the wall clock runs on in suspend, the monotonic one cannot be set back. */
  function isOver({ token, expiresMonotonic }: Kept): boolean {
    return clocks.wall() >= token.expiresAt || clocks.monotonic() >= expiresMonotonic;
  }

  function sweep(): void {
    for (const kept of live.values()) if (isOver(kept)) bury(kept);
  }

  function add(binding: TokenBinding, lifetimeSeconds: number, verifier?: Verifier): Token {
    sweep();
    // Those behind handles are one for a session and a role, and must not keep a person from having a token.
    const issued = [...live.values()].filter(({ token }) => token.handleId === undefined).length;
    if (binding.handleId === undefined && issued >= maxLive) {
      throw new LatchkeyError('limit-reached', `There are already ${maxLive} live tokens.`, {
        remedy: 'Revoke the ones that are not needed, or wait until they expire.',
      });
    }
    const issuedAt = clocks.wall();
    const token: Token = {
      ...binding,
      id: randomUUID(),
      issuedAt,
      expiresAt: issuedAt + lifetimeSeconds * 1000,
      uses: 0,
    };
    live.set(token.id, {
      token,
      ...defined({ verifier }),
      expiresMonotonic: clocks.monotonic() + lifetimeSeconds * 1000,
      revoked: false,
    });
    return token;
  }

  return {
    /**
     * @param isShort for a client without room for the usual length.
     * @returns the token's record and its text, which is nowhere kept.
     * @throws LatchkeyError `limit-reached` while a thousand tokens are alive.
     */
    async issue(
      binding: TokenBinding,
      lifetimeSeconds: number,
      isShort = false,
    ): Promise<{ token: Token; text: string }> {
      const text = newTokenText('token', { isShort });
      return { token: add(binding, lifetimeSeconds, await verifierOf(text, scram)), text };
    },

    /** A token that only this process can use, for the login of a handle. Throws as {@link issue} does. */
    mint: add,

    /**
     * Finds the token that the proof belongs to and says whether it is good for this connection and user. Every token
     * has the same salt, so that one proof can be held against all of them (a few hashes each) and a token
     * that is expired, revoked or meant for something else is told from a wrong one.
     */
    verify(attempt: Pick<LoginAttempt, 'connection' | 'clientUser' | 'proof'>): Verification {
      sweep();
      if (attempt.proof.kind === 'password' && kindOfText(attempt.proof.password) !== 'token')
        return { ok: false, code: 'token-wrong' };
      for (const kept of inOrder(recent, live, dead)) {
        const match = kept.verifier && checkProof(kept.verifier, attempt.proof);
        if (match === undefined) continue;
        const { token } = kept;
        const alive = live.has(token.id);
        if (kept.revoked) return { ok: false, code: 'token-revoked', token };
        // Once dead, always dead: a clock that is set back revives nothing.
        if (!alive) return { ok: false, code: 'token-expired', token };
        const { clientUser } = attempt;
        const fits = clientUser === token.role || namesPerson(clientUser, token.account.username);
        if (token.connection !== attempt.connection || !fits)
          return { ok: false, code: 'token-foreign', token };
        token.uses += 1;
        keepRecent(recent, token.id);
        return { ok: true, token, ...match };
      }
      return { ok: false, code: 'token-wrong' };
    },

    /** Revokes every live token that `which` picks, and answers with them. */
    revoke(which: (token: Token) => boolean): Token[] {
      sweep();
      const picked = [...live.values()].filter(({ token }) => which(token));
      for (const kept of picked) {
        kept.revoked = true;
        bury(kept);
      }
      return picked.map(({ token }) => token);
    },

    /** How the token has ended, or undefined while it is good. */
    endOf(id: string): 'token-expired' | 'token-revoked' | undefined {
      sweep();
      if (live.has(id)) return undefined;
      return dead.get(id)?.revoked === false ? 'token-expired' : 'token-revoked';
    },

    list(): Token[] {
      sweep();
      return [...live.values()].map(({ token }) => token);
    },
  };
}

export function toTokenState(token: Token): TokenState {
  const { id, connection, account, role, issuedAt, expiresAt, uses } = token;
  const iso = (ms: number): string => new Date(ms).toISOString();
  const { username } = account;
  return { id, connection, username, role, issuedAt: iso(issuedAt), expiresAt: iso(expiresAt), uses };
}

/** For the audit. */
export function tokenIssued(token: Token): AuditEvent {
  const { id, handleId, account, connection, role, groupId, expiresAt } = token;
  return {
    event: 'token-issued',
    tokenId: id,
    ...defined({ handleId }),
    account,
    connection,
    role,
    group: groupId,
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

function keepRecent(recent: Set<string>, id: string): void {
  recent.delete(id);
  recent.add(id);
  const [oldest] = recent;
  if (recent.size > recentAtMost && oldest !== undefined) recent.delete(oldest);
}

/** All of them, the newest of `recent` first and the dead ones last. */
function* inOrder(recent: Set<string>, live: Map<string, Kept>, dead: Map<string, Kept>): Generator<Kept> {
  const first = new Set([...recent].toReversed().flatMap((id) => live.get(id) ?? []));
  yield* first;
  for (const kept of live.values()) if (!first.has(kept)) yield kept;
  yield* dead.values();
}
