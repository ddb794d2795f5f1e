import type { Account } from '../contract/state.ts';
import type { SessionContext } from './context.ts';
import type { LiveSession, SessionRecord } from './live-session.ts';
import type { ProviderList } from './provider-list.ts';

/** Whose record it is. */
export type RecordKey = Pick<SessionRecord, 'provider' | 'objectId'>;

export interface RecordPort {
  /** Of every account that was signed in; one that is damaged is left out. */
  read(): Promise<SessionRecord[]>;
  write(record: SessionRecord): Promise<void>;
  clear(of: RecordKey): Promise<void>;
  /** Also of those that cannot be read now. */
  clearAll(): Promise<void>;
}

/**
 * What a restart finds of each account: the record of its session, and the tokens that its provider keeps. The record comes
 * first and goes last, so that there are never tokens of which nothing is known.
 */
export class StoredSessions {
  readonly #port: RecordPort;
  readonly #context: SessionContext;
  readonly #providers: ProviderList;
  /** Stored and good as far as is known; only the network has kept them from coming back. */
  readonly #expected = new Map<string, Account | undefined>();

  constructor(port: RecordPort, context: SessionContext, providers: ProviderList) {
    this.#port = port;
    this.#context = context;
    this.#providers = providers;
  }

  read(): Promise<SessionRecord[]> {
    return this.#port.read();
  }

  /** @param seen the latest time that the clock is known to have shown (clock-drift.ts) */
  write({ id, provider, account, since, until }: LiveSession, seen = 0): Promise<void> {
    const latest = Math.max(this.#context.now(), seen);
    return this.#port.write({ id, provider, objectId: account.objectId, since, until, seen: latest });
  }

  /** Never rejects. */
  async noteTime(live: LiveSession): Promise<void> {
    await this.write(live).catch(this.#context.report);
  }

  /** Whether an account, or any, is still to come back. */
  isExpected(of?: RecordKey): boolean {
    return of === undefined ? this.#expected.size > 0 : this.#expected.has(keyOf(of));
  }

  /** @param account as its sealed tokens name it; absent before they have been read */
  expect(of: RecordKey, account?: Account): void {
    this.#expected.set(keyOf(of), account);
  }

  /** Those that are still to come back, as far as it is known who they are. */
  expected(): Account[] {
    return [...this.#expected.values()].filter((account) => account !== undefined);
  }

  /** Nobody waits for this account any more, or for none. */
  giveUp(of?: RecordKey): void {
    if (of === undefined) this.#expected.clear();
    else this.#expected.delete(keyOf(of));
  }

  /** Removes what a restart would find of an account. Each part is tried, whatever becomes of the other. */
  async forget(of: RecordKey): Promise<void> {
    this.giveUp(of);
    const signedOut = this.#providers.named(of.provider)?.signOut(of.objectId);
    await allOf([signedOut, this.#port.clear(of)]);
  }

  /** The same of everybody, also of those who are not known any more. */
  async forgetAll(): Promise<void> {
    this.giveUp();
    await allOf([this.#port.clearAll(), ...this.#providers.all.map((provider) => provider.signOut())]);
  }
}

export function recordKey({
  provider,
  account: { objectId },
}: Pick<LiveSession, 'provider' | 'account'>): RecordKey {
  return { provider, objectId };
}

function keyOf({ provider, objectId }: RecordKey): string {
  return JSON.stringify([provider, objectId]);
}

async function allOf(tried: readonly (Promise<void> | undefined)[]): Promise<void> {
  const results = await Promise.allSettled(tried);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
