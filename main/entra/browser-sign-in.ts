import { createHash, randomBytes } from 'node:crypto';
import type { AuthenticationResult, PublicClientApplication } from '@azure/msal-node';
import { LatchkeyError, toProblem } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { orAborted } from '../base/abort.ts';
import { explainFault } from './entra-codes.ts';
import type { LoopbackRedirect } from './loopback-redirect.ts';
import type { ResultPage } from './result-page.ts';
import { wait } from '../base/retry.ts';

/** A sign-in in the browser is given up when it has not come back for this long. */
export const browserSignInMs = 5 * 60_000;

export interface BrowserRequest {
  scopes: string[];
  /** The secret that the redirect server expects. */
  state: string;
  /** Opens the address in the system's browser. Where it never settles, the answer still counts. */
  openBrowser(url: string): Promise<void>;
  signal: AbortSignal;
  /** Origin of the authority: no other page is opened. */
  login: string;
  claims?: string | undefined;
  loginHint?: string | undefined;
  /** The page is to ask for the password, although its browser is signed in. */
  anew?: boolean | undefined;
  /** Milliseconds; {@link browserSignInMs} by default. */
  timeoutMs?: number | undefined;
}

/**
 * One authorization code with PKCE (RFC 7636, S256) from the system's browser, and the tokens for it. MSAL builds the
 * request, compares the nonce and redeems the code; its own loopback server is not used, since it can neither be
 * cancelled nor run out of time and takes any Host.
 *
 * The answer comes back in the query (not by form_post): browsers warn of forms that lead from https to http. The code
 * that is in the address then is used up before a page shows, and is of no use without the verifier.
 * @throws LatchkeyError `authority-invalid`, `command-failed` (no browser), `sign-in-expired`, from entra-codes.ts;
 * what MSAL throws; the signal's reason
 */
export async function acquireTokenByBrowser(
  client: PublicClientApplication,
  redirect: LoopbackRedirect,
  request: BrowserRequest,
): Promise<AuthenticationResult> {
  const { scopes, state, signal, claims, loginHint, anew = false } = request;
  const codeVerifier = randomBytes(32).toString('base64url');
  const common = {
    scopes,
    redirectUri: redirect.redirectUri,
    nonce: randomBytes(16).toString('base64url'),
    claims: withAuthTime(claims),
  };
  const url = await client.getAuthCodeUrl({
    ...common,
    state,
    responseMode: 'query',
    codeChallenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    codeChallengeMethod: 'S256',
    // Without a name the person picks the account: else the browser's own session would be taken without a word.
    ...(loginHint === undefined ? { prompt: 'select_account' } : { loginHint }),
    // The age makes the authority say when it asked (OpenID Connect Core section 3.1.2.1).
    ...(anew ? { prompt: 'login', extraQueryParameters: { max_age: askAnew.max_age } } : {}),
  });
  signal.throwIfAborted();
  if (new URL(url).origin !== request.login) {
    throw new LatchkeyError(
      'authority-invalid',
      `The authority wants the sign-in to go to ${new URL(url).host}, which is not its own address.`,
      { remedy: 'Check "authority" and "cloud" of the provider.' },
    );
  }
  const code = await codeFromBrowser(url, redirect, request);
  return client.acquireTokenByCode({ ...common, code, codeVerifier });
}

/** The wish that the person is asked, as request parameters. RFC 6749 section 3.1: who does not know one ignores it. */
export const askAnew = { prompt: 'login', max_age: '0' } as const;

/** Has the id_token say when the person was asked, which Entra ID leaves out otherwise. */
function withAuthTime(claims: string | undefined): string {
  const asked = (claims === undefined ? {} : JSON.parse(claims)) as { id_token?: object };
  return JSON.stringify({ ...asked, id_token: { ...asked.id_token, auth_time: { essential: true } } });
}

const slackSeconds = 5;

/**
 * Whether the authority asked the person during this very sign-in, and did not let a session of the browser answer.
 * Both times are the authority's own, so that it does not matter how far its clock is from ours.
 * @param idToken claims; without a time in them the answer is no
 * @param tookMs how long the sign-in took
 */
export function wasAsked(idToken: object | undefined, tookMs: number): boolean {
  const { auth_time: asked, iat } = (idToken ?? {}) as { auth_time?: unknown; iat?: unknown };
  return typeof asked === 'number' && typeof iat === 'number' && iat - asked <= tookMs / 1000 + slackSeconds;
}

async function codeFromBrowser(
  url: string,
  redirect: LoopbackRedirect,
  { openBrowser, signal, timeoutMs = browserSignInMs }: BrowserRequest,
): Promise<string> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  try {
    const opened = open(() => openBrowser(url));
    const late = wait(timeoutMs, either).then(expired);
    const answer = await orAborted(Promise.race([redirect.answer, opened, late]), signal);
    if ('code' in answer) return answer.code;
    throw explainFault(answer.fault, 'browser');
  } finally {
    done.abort();
  }
}

/** Ends only where no browser opens: some openers wait until the browser is closed. */
async function open(openBrowser: () => Promise<void>): Promise<never> {
  try {
    await openBrowser();
  } catch (cause) {
    if (cause instanceof LatchkeyError) throw cause;
    throw new LatchkeyError('command-failed', 'No browser could be opened for the sign-in.', {
      remedy: 'Set a default browser on this computer, or sign in with a device code.',
      cause,
    });
  }
  return new Promise<never>(() => undefined);
}

function expired(): never {
  throw new LatchkeyError('sign-in-expired', 'The sign-in was not finished in the browser in time.', {
    remedy:
      'Start it again. Where the page spoke of a redirect URI (AADSTS50011), an administrator has to add http://localhost to the registration: App registrations > your application > Authentication > Mobile and desktop applications.',
  });
}

export function successPage({ displayName, username }: Account): ResultPage {
  const who = displayName === username ? username : `${displayName} (${username})`;
  return {
    title: 'You have signed in',
    text: `${who} has signed in. Latchkey now reads the groups and shows how that ends. You can close this window.`,
  };
}

export function failurePage(error: unknown): ResultPage {
  const { message, remedy } = toProblem(error);
  return {
    title: 'You are not signed in',
    text: [message, remedy, 'You can close this window.'].filter((part) => part !== undefined).join(' '),
  };
}
