import type { SignInWay } from '../contract/clouds.ts';
import type { SignInState } from '../contract/state.ts';
import type { AccountKeys } from '../contract/which-account.ts';
import type { DeviceCode, PendingSignIn, Provider } from './provider-port.ts';

/** What a person may say of how to sign in; each left out is decided by the chain and the provider. */
export interface SignInRequest {
  provider?: string | undefined;
  way?: SignInWay | undefined;
  /** The sign-in name: the chain finds its provider, and only this person is let in. */
  username?: string | undefined;
  /** The page asks for the password although its browser is signed in. */
  anew?: boolean | undefined;
  /** Only this account is let in, whatever its name is by now; `username` is then what the page suggests. */
  person?: AccountKeys | undefined;
  /** Called once with the device code; where it fails, so does the sign-in. */
  announce?: ((code: DeviceCode) => Promise<void>) | undefined;
}

export type WaitingState = Extract<SignInState, { kind: 'code' | 'browser' }>;

/**
 * Waits for a person to sign in at their directory, and shows meanwhile what they have to do.
 * @throws what the provider and `announce` throw, and the signal's reason; the caller then aborts what goes on
 */
export async function waitForPerson(
  provider: Provider,
  way: SignInWay,
  request: SignInRequest & { claims: string | undefined },
  ports: { signal: AbortSignal; startedAt: string; show(state: WaitingState): void; onAsked(): void },
): Promise<PendingSignIn> {
  const { signal, startedAt, show, onAsked } = ports;
  // No page and no code of a sign-in that has been cancelled before it came to that.
  signal.throwIfAborted();
  const { name, tenant, applicationId } = provider;
  const asked = { provider: name, tenant, applicationId, startedAt };
  const unannounced = Promise.withResolvers<never>();
  const signingIn = provider.signIn(way, {
    signal,
    claims: request.claims,
    username: request.username,
    anew: request.anew,
    onAsked,
    onCode(code) {
      const { userCode, verificationUri, expiresAt } = code;
      show({
        kind: 'code',
        ...asked,
        userCode,
        verificationUri,
        expiresAt: new Date(expiresAt).toISOString(),
      });
      request.announce?.(code).catch(unannounced.reject);
    },
    onBrowser: (expiresAt) =>
      show({ kind: 'browser', ...asked, expiresAt: new Date(expiresAt).toISOString() }),
  });
  // Where the announcement fails, nobody waits for the sign-in any more.
  signingIn.catch(() => undefined);
  return Promise.race([signingIn, unannounced.promise]);
}
