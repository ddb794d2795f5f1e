import { type DatabaseResource, databaseResources } from '../config/password-source.ts';
import { orAborted } from '../base/abort.ts';
import type { CloudName } from '../contract/clouds.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { askingPolicy } from '../entra/asking-policy.ts';
import { asksAnew, isConsentMissing } from '../session/entra-verdicts.ts';
import type { LiveSession } from '../session/live-session.ts';
import type { AccessToken } from '../session/provider-port.ts';
import { createInFlight } from './limit.ts';
import { SourceFailure } from './source-failure.ts';

/**
 * Identifiers of Azure's databases in each cloud, as `az cloud show` lists them (ossrdbmsResourceId and
 * sqlManagementEndpoint's domain; learn.microsoft.com/azure/azure-sql/database/authentication-aad-overview). The local
 * tenant knows those of the global cloud.
 */
const domains: Record<CloudName, string> = {
  global: 'database.windows.net',
  local: 'database.windows.net',
  'us-government': 'database.usgovcloudapi.net',
  'us-government-dod': 'database.usgovcloudapi.net',
  china: 'database.chinacloudapi.cn',
};

/** What the administrator finds under "APIs my organization uses". */
const displayNames: Record<DatabaseResource, string> = {
  postgresql: 'Azure OSSRDBMS Database',
  mysql: 'Azure OSSRDBMS Database',
  sqlserver: 'Azure SQL Database',
};

interface EntraResource {
  /** `<identifier>/.default`, or the scope as configured. */
  scope: string;
  /** For sentences: the name in the portal, or the identifier. */
  name: string;
}

/** @param configured `entra` of a rule: one of the words, or a scope */
export function entraResource(configured: string, cloud: CloudName): EntraResource {
  const word = databaseResources.find((each) => each === configured);
  if (word === undefined)
    return { scope: configured, name: configured.slice(0, configured.lastIndexOf('/')) };
  const prefix = word === 'sqlserver' ? '' : 'ossrdbms-aad.';
  return { scope: `https://${prefix}${domains[cloud]}/.default`, name: displayNames[word] };
}

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
  // Where there are claims the sentence has named it already.
  const policy = entra === undefined || entra.claims !== undefined ? '' : askingPolicy(entra);
  const asks = policy === '' ? '' : ` (${policy})`;
  // The sentence is ours (entra-codes.ts); the server's own texts are not kept.
  return new SourceFailure(
    `Entra ID gives no token for ${name}. ${error.message.replace(/\.$/, '')}${asks}`,
    error.code === 'sign-in-required' ? signInAgain(error) : (error.remedy ?? 'Try again.'),
    { entra },
  );
}

function signInAgain({ entra, remedy = '' }: LatchkeyError): string {
  const how = 'Sign in again in the Latchkey window, or run: latchkey login --again.';
  const more = remedy === 'Sign in again.' ? '' : ` ${remedy}`;
  // A page for codes may take what its browser still has; Latchkey can only ask it not to.
  const anew =
    entra !== undefined && asksAnew(entra)
      ? ' If that does not help, the page has taken over the sign-in of its browser: choose the browser, which asks for the password (latchkey login --again --browser), or a private window for the code.'
      : '';
  return `${how}${more}${anew}`;
}
