import { randomUUID } from 'node:crypto';
import type { Application } from '../directory-schema.ts';
import type { Account, Tenant } from '../directory.ts';
import type { DeviceCode } from './device-codes.ts';

/** Where a browser sign-in sends its answer. */
export interface RedirectTarget {
  redirectUri: string;
  responseMode: 'query' | 'form_post';
  state: string | undefined;
  nonce: string | undefined;
  codeChallenge: string | undefined;
  codeChallengeMethod: 'S256' | 'plain';
  /** The id_token is to say when the person was asked. */
  tellsAuthTime: boolean;
}

/** One person's way through the sign-in pages. */
export interface SignIn {
  id: string;
  application: Application;
  tenant: Tenant | undefined;
  scope: string;
  /** What the sign-in is for: a device that waits, or an application that gets a redirect. */
  purpose:
    { kind: 'device_code'; deviceCode: DeviceCode } | { kind: 'authorization_code'; target: RedirectTarget };
  loginHint: string | undefined;
  account: Account | undefined;
  mfaDone: boolean;
  /** When the person was asked, here or earlier in this browser. */
  askedAt: number | undefined;
  /** The browser's own session does not count (prompt=login, max_age). */
  mustAsk: boolean;
  /** Consent is asked for even where it was given before (prompt=consent). */
  mustConsent: boolean;
  isConfirmed: boolean;
}

export interface SignIns {
  start(request: Omit<SignIn, 'id' | 'account' | 'mfaDone' | 'askedAt' | 'isConfirmed'>): SignIn;
  find(id: string): SignIn | undefined;
  end(signIn: SignIn): void;
}

const maxOpenSignIns = 1000;

export function createSignIns(): SignIns {
  const signIns = new Map<string, SignIn>();
  return {
    start: (request) => {
      const [oldest] = signIns.keys();
      if (oldest !== undefined && signIns.size >= maxOpenSignIns) signIns.delete(oldest);
      const signIn = {
        ...request,
        id: randomUUID(),
        account: undefined,
        mfaDone: false,
        askedAt: undefined,
        isConfirmed: false,
      };
      signIns.set(signIn.id, signIn);
      return signIn;
    },
    find: (id) => signIns.get(id),
    end: (signIn) => {
      signIns.delete(signIn.id);
    },
  };
}
