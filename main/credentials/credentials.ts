import type { RuleSettings } from '../config/schema.ts';
import type { VaultSettings } from '../config/password-source.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { createLoopbackFetch, type OwnFetch } from '../base/http.ts';
import { createCommandSource, type UserAndPassword } from './command.ts';
import { createEntraSource, type EntraPorts, type Person } from './entra.ts';
import { closing, explainFailure } from './source-failure.ts';
import type { createVaultServer, VaultServer } from './vault.ts';
import { isStatic } from './vault-path.ts';

export interface CredentialRequest {
  /** Name of the connection, for sentences. */
  connection: string;
  rule: RuleSettings;
  session: Person;
  /** Name of the stored key for the connection's client certificate. */
  clientKey?: string;
}

/** What one login at the database takes. It is handed to the gateway and to nobody else, and never written down. */
export interface Credential {
  /** Absent: the role of the rule. */
  user?: string;
  /** With neither password nor access token the server trusts the connection. */
  password?: string;
  accessToken?: string;
  /** Private key (PEM) of the client certificate. */
  clientKey?: string;
  /**
   * To be called once the database session is over, or was never opened: what was made for it alone is ended. Never
   * rejects; a second call does nothing more.
   */
  release(): Promise<void>;
}

export interface Credentials {
  /**
   * The credential that the rule names.
   * @throws LatchkeyError `credential-missing` (a secret has not been stored) or `credential-failed`, with what the
   *   administrator can do about it; what the store throws. No secret is in any of them.
   */
  acquire(request: CredentialRequest): Promise<Credential>;
  /**
   * The same for one more login of a session that was opened with it, as it is now. undefined where the one that was
   * given out is the only one: a user that was made for this session, or no password at all.
   */
  again(request: CredentialRequest): Promise<Credential | undefined>;
  /** Ends all that is under way and revokes what was made; takes 10 s at most. */
  close(): Promise<void>;
}

export interface CredentialsOptions extends Omit<EntraPorts, 'now'> {
  /** The stored secret of that name, or undefined where none has been set. */
  storedPassword(name: string): Promise<string | undefined>;
  /** HTTP with the system's trust, or with this certificate authority alone. */
  fetchWith(caFile: string | undefined): FetchLike;
  /** For the log of the process: one line, no secrets. */
  log(line: string): void;
  /** Milliseconds since 1970. */
  now?: (() => number) | undefined;
}

/** Where the gateways' credentials for the databases come from, for each rule. */
export function createCredentials(options: CredentialsOptions): Credentials {
  const { storedPassword, log, now = Date.now } = options;
  const entra = createEntraSource({ ...options, now });
  const commands = createCommandSource({ now });
  const life = new AbortController();
  const servers = new Map<string, VaultServer>();
  let loopback: OwnFetch | undefined;

  function serverOf(create: typeof createVaultServer, settings: Omit<VaultSettings, 'path'>): VaultServer {
    const key = JSON.stringify(settings);
    const known = servers.get(key);
    if (known !== undefined) return known;
    const fetch = settings.address.startsWith('https:')
      ? options.fetchWith(settings.caFile)
      : (loopback ??= createLoopbackFetch()).fetch;
    const server = create(settings, { fetch, storedPassword, now, log });
    servers.set(key, server);
    return server;
  }

  async function find({ rule, session, connection }: CredentialRequest): Promise<Credential> {
    const { password: source } = rule;
    if (source === undefined) return { release: nothingToEnd };
    if ('stored' in source) {
      const password = await storedPassword(source.stored);
      if (password === undefined) throw passwordMissing(source.stored, rule.role, connection);
      return { password, release: nothingToEnd };
    }
    if ('entra' in source) {
      const accessToken = await entra.accessToken(source.entra, session, life.signal);
      const user = source.user === 'person' ? { user: session.account.username } : {};
      return { ...user, accessToken, release: nothingToEnd };
    }
    if ('command' in source) return withoutLease(await commands.read(source));
    const { path, ...settings } = source.vault;
    const { createVaultServer } = await import('./vault.ts');
    if (life.signal.aborted) throw closing();
    return serverOf(createVaultServer, settings).read(path);
  }

  async function clientKeyOf({ clientKey, connection }: CredentialRequest): Promise<{ clientKey?: string }> {
    if (clientKey === undefined) return {};
    const key = await storedPassword(clientKey);
    if (key !== undefined) return { clientKey: key };
    throw new LatchkeyError(
      'credential-missing',
      `The key of the client certificate of "${connection}" has not been stored.`,
      { remedy: `The administrator stores it with: latchkey secret set ${clientKey} < key.pem` },
    );
  }

  async function acquire(request: CredentialRequest): Promise<Credential> {
    const { rule, connection } = request;
    try {
      if (life.signal.aborted) throw closing();
      const key = await clientKeyOf(request);
      const credential = { ...(await find(request)), ...key };
      if (!life.signal.aborted) return credential;
      await credential.release();
      throw closing();
    } catch (error) {
      throw explainFailure(life.signal.aborted ? closing() : error, { role: rule.role, connection });
    }
  }

  return {
    acquire,
    async again(request) {
      const { password: source } = request.rule;
      if (source === undefined || ('vault' in source && !isStatic(source.vault.path))) return undefined;
      return acquire(request);
    },
    async close() {
      life.abort();
      commands.close();
      await Promise.all([...servers.values()].map((server) => server.close()));
      await loopback?.close();
    },
  };
}

function passwordMissing(name: string, role: string, connection: string): LatchkeyError {
  return new LatchkeyError(
    'credential-missing',
    `The password for role "${role}" of "${connection}" has not been stored.`,
    { remedy: `The administrator stores it with: latchkey secret set ${name}` },
  );
}

function withoutLease(found: UserAndPassword): Credential {
  return { ...found, release: nothingToEnd };
}

async function nothingToEnd(): Promise<void> {
  // What is not made for one session alone is not ended with it.
}
