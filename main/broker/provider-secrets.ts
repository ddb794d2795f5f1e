import type { Audit } from '../audit/audit.ts';
import { recorded } from '../audit/recorded.ts';
import { toLogText } from '../contract/errors.ts';
import { secretEndText, type SecretEnd } from '../contract/secret-end.ts';
import { readClientCertificate } from '../entra/client-credential.ts';
import type { StoredTexts } from '../store/stored-texts.ts';
import type { ConnectedProviders } from './connected-providers.ts';

export interface ProviderSecretsOptions {
  texts: StoredTexts;
  connected(): ConnectedProviders;
  audit: Pick<Audit, 'append'>;
  changed(): void;
  log(line: string): void;
}

const day = 24 * 3600_000;
const hour = 3600_000;

/**
 * The application secrets of the providers. Knows when they run out, where the directory can be asked: an expired one is
 * otherwise found by the first look-up that fails. Looks at the start, when one is stored, at sign-ins, and each day.
 */
export class ProviderSecrets {
  readonly #options: ProviderSecretsOptions;
  readonly #ends = new Map<string, SecretEnd>();
  readonly #lookedAt = new Map<string, number>();
  #stored: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: ProviderSecretsOptions) {
    this.#options = options;
  }

  static async open(options: ProviderSecretsOptions): Promise<ProviderSecrets> {
    const opened = new ProviderSecrets(options);
    await opened.readNames();
    opened.#timer = setInterval(() => void opened.look(), day).unref();
    return opened;
  }

  /** Finds out which providers have one; to be called when there are other providers. */
  async readNames(): Promise<void> {
    const { texts, connected } = this.#options;
    const known = await texts.known(connected().all.map(({ settings }) => settings.name));
    this.#stored = new Set(known.filter(({ stored }) => stored).map(({ name }) => name));
  }

  has(provider: string): boolean {
    return this.#stored.has(provider);
  }

  endOf(provider: string): SecretEnd | undefined {
    return this.#ends.get(provider);
  }

  /** Seals the application secret, or certificate and key (client-credential.ts); an undefined one is forgotten. */
  async set(provider: string, secret: string | undefined): Promise<void> {
    const { texts, connected, audit, changed } = this.#options;
    if (secret !== undefined) readClientCertificate(secret);
    connected().named(provider);
    const change = secret === undefined ? 'secret-deleted' : 'secret-set';
    const exchange = await texts.exchange(provider, secret);
    await recorded(audit, { event: 'provider-changed', provider, change }, exchange);
    await this.readNames();
    this.#lookedAt.delete(provider);
    this.#ends.delete(provider);
    void this.look();
    changed();
  }

  /** After a start or a sign-in: asks about each that was not asked about within the hour. Never rejects. */
  async look(): Promise<void> {
    for (const name of this.#ends.keys()) if (!this.has(name)) this.#ends.delete(name);
    const isDue = (name: string): boolean => Date.now() - (this.#lookedAt.get(name) ?? -Infinity) >= hour;
    await Promise.all([...this.#stored].filter(isDue).map((name) => this.#lookAt(name)));
    this.#options.changed();
  }

  async #lookAt(name: string): Promise<void> {
    const { texts, connected, log } = this.#options;
    this.#lookedAt.set(name, Date.now());
    try {
      const { application } = connected().named(name);
      const secret = await texts.get(name);
      const end = secret === undefined ? undefined : await application?.secretEnd(secret);
      if (end === undefined) this.#ends.delete(name);
      else this.#ends.set(name, end);
      const told = end && secretEndText(end, Date.now());
      if (told?.isDue === true) log(`provider "${name}": ${told.text}`);
    } catch (error) {
      // What was known stays; the next sign-in looks again.
      this.#lookedAt.delete(name);
      log(`provider "${name}": when its secret runs out could not be read: ${toLogText(error)}`);
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
