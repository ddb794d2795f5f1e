import { randomBytes } from 'node:crypto';
import type { Account } from '../directory.ts';
import { headerOf, type Incoming } from '../http.ts';

/** A person whom a browser keeps signed in to the authority: single sign-on. */
export interface BrowserSession {
  account: Account;
  mfaDone: boolean;
  /** When the person was asked, in milliseconds of the tenant's clock. */
  askedAt: number;
}

export interface BrowserSessions {
  /** The session whose cookie the request brings. */
  of(request: Incoming): BrowserSession | undefined;
  /** Starts one; returns the header that sets its cookie. */
  start(session: BrowserSession): Record<string, string>;
  /** Ends that of the request; returns the header that removes its cookie. */
  end(request: Incoming): Record<string, string>;
}

const cookieName = 'TENANTAUTH';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=None';
const maxSessions = 1000;

export function createBrowserSessions(): BrowserSessions {
  const sessions = new Map<string, BrowserSession>();
  const idOf = (request: Incoming): string =>
    new RegExp(`(?:^|; )${cookieName}=([\\w-]+)`).exec(headerOf(request, 'cookie') ?? '')?.[1] ?? '';
  return {
    of: (request) => sessions.get(idOf(request)),
    start(session) {
      const [oldest] = sessions.keys();
      if (oldest !== undefined && sessions.size >= maxSessions) sessions.delete(oldest);
      const id = randomBytes(32).toString('base64url');
      sessions.set(id, session);
      return { 'set-cookie': `${cookieName}=${id}; ${attributes}` };
    },
    end(request) {
      sessions.delete(idOf(request));
      return { 'set-cookie': `${cookieName}=; Max-Age=0; ${attributes}` };
    },
  };
}
