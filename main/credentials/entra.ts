import type { CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { orAborted } from '../identity/abort.ts';
import { isConsentMissing } from '../identity/entra-fault.ts';
import type { AccessToken, LiveSession } from '../identity/session-ports.ts';
import { entraResource, type EntraResource } from './entra-resources.ts';
import { createInFlight } from './in-flight.ts';
import { SourceFailure } from './source-failure.ts';

/** The signed-in person on whose behalf a login happens. */
export type Person = Pick<LiveSession, 'id' | 'provider' | 'account'>;

export interface EntraPorts {
  /**
   * An access token of the person for scopes of one resource; undefined where their provider has none to give (local
   * accounts).
   * @throws LatchkeyError as `Provider.accessToken` does
   */
  entraToken(scopes: readonly string[], session: Person): Promise<AccessToken | undefined>;
  /** The cloud of a provider, by its name. */
  cloudOf(provider: string): CloudName;
  now(): number;
}

export interface EntraSource {
  /** @param configured `entra` of the rule. @throws SourceFailure */
  accessToken(configured: string, session: Person, signal: AbortSignal): Promise<string>;
}

const waitMs = 30_000;

/**
 * Access tokens for databases. MSAL keeps them until five minutes before their end, so nothing is kept in here: what
 * sign-out forgets is forgotten everywhere.
 */
export function createEntraSource({ entraToken, cloudOf, now }: EntraPorts): EntraSource {
  const requests = createInFlight<AccessToken | undefined>();

  return {
    async accessToken(configured, session, signal) {
      const resource = entraResource(configured, cloudOf(session.provider));
      const limit = AbortSignal.timeout(waitMs);
      const key = `${session.id} ${resource.scope}`;
      let token: AccessToken | undefined;
      try {
        token = await orAborted(
          requests.share(key, () => entraToken([resource.scope], session)),
          AbortSignal.any([signal, limit]),
        );
      } catch (error) {
        throw limit.aborted ? tooLate(resource) : explained(error, resource);
      }
      if (token === undefined) {
        throw new SourceFailure(
          'whoever is signed in has a local account, which has no tokens of Entra ID',
          'Sign in with Entra ID, or use a role with another source of passwords.',
        );
      }
      if (token.expiresAt > now()) return token.text;
      throw new SourceFailure(
        'the token from Entra ID has already expired',
        'Check the clock of this computer; where it is right, sign out of Latchkey and sign in again.',
      );
    },
  };
}

function tooLate({ name }: EntraResource): SourceFailure {
  return new SourceFailure(
    `Entra ID gave no token for ${name} within ${waitMs / 1000} seconds`,
    'Try again; if it stays, check the network with: latchkey doctor',
  );
}

/** AADSTS numbers for a resource that the tenant does not have, or that the application has not named. */
const unknownResource: ReadonlySet<number> = new Set([500_011, 650_052, 650_057]);

function explained(error: unknown, { name, scope }: EntraResource): unknown {
  if (!(error instanceof LatchkeyError)) return error;
  const { entra } = error;
  if (isConsentMissing(entra)) {
    const permission = scope.endsWith('/.default')
      ? 'user_impersonation'
      : scope.slice(scope.lastIndexOf('/') + 1);
    return new SourceFailure(
      `nobody has consented to Latchkey's use of ${name}`,
      `In the Entra admin center open Entra ID > App registrations > your application > API permissions > Add a permission > APIs my organization uses > ${name} > Delegated permissions, add ${permission}, then click "Grant admin consent".`,
      { entra },
    );
  }
  if (unknownResource.has(entra?.aadsts ?? 0)) {
    return new SourceFailure(
      `the tenant does not know the resource ${name}`,
      `Check "entra" of the rule and "cloud" of the provider, and that the tenant has ${name} under Entra ID > Enterprise apps > All applications.`,
      { entra },
    );
  }
  const remedy =
    error.code === 'sign-in-required'
      ? `Sign out of Latchkey and sign in again. ${error.remedy ?? ''}`.trim()
      : (error.remedy ?? 'Try again.');
  // The sentence is ours (entra-codes.ts); the server's own texts are not kept.
  return new SourceFailure(
    `Entra ID gives no token for ${name}. ${error.message.replace(/\.$/, '')}`,
    remedy,
    {
      entra,
    },
  );
}
