import { orAborted } from '../base/abort.ts';
import { toProblem, type ErrorCode } from '../contract/errors.ts';
import type { Account } from '../contract/state.ts';
import { Attempt, cancelled } from './attempt.ts';
import { checkClockGoesOn } from './clock-drift.ts';
import { directoryOf } from './demands.ts';
import { endsSession } from './ending.ts';
import type { SessionRecord } from './live-session.ts';
import { named } from './signed-out.ts';
import type { SessionParts } from './parts.ts';
import type { People } from './people.ts';
import type { Provider } from './provider-port.ts';
import type { RecordKey } from './stored-sessions.ts';

const retryMs = 15_000;

/** Others have signed in meanwhile, beside whom the account is not let in. */
const hasNoRoom: ReadonlySet<ErrorCode> = new Set(['request-refused', 'limit-reached']);

interface Kept {
  record: SessionRecord;
  provider: Provider;
}

/**
 * Takes up the sign-ins of the last run, each by itself, if its deadline stands and its directory still agrees. A computer
 * often starts before its network does: then it is tried again for as long as one of them is expected.
 */
export class Restore {
  readonly #parts: SessionParts;
  readonly #people: People;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(parts: SessionParts, people: People) {
    this.#parts = parts;
    this.#people = people;
    parts.attempts.watch({
      began: () => clearTimeout(this.#retry),
      ended: () => this.#arm(),
    });
  }

  /** Never rejects. */
  tryNow(): Promise<void> {
    return this.#try(() => true);
  }

  /**
   * Tries once more, now, where only the network has kept an account from coming back.
   * @returns whether it is signed in, or is still expected to be when the network is back. Never rejects.
   */
  async resume(of: RecordKey): Promise<boolean> {
    const { attempts, stored } = this.#parts;
    if (attempts.running?.isRestoring === true) await attempts.running.done;
    else if (stored.isExpected(of)) await this.#tryExpected();
    return this.#people.withRecord(of) !== undefined || stored.isExpected(of);
  }

  /** Whoever cancels it, or signs out, does not want it back in some seconds. */
  giveUp(): void {
    this.#parts.stored.giveUp();
    clearTimeout(this.#retry);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #arm(): void {
    clearTimeout(this.#retry);
    if (!this.#parts.stored.isExpected() || this.#isClosed) return;
    this.#retry = setTimeout(() => void this.#tryExpected(), retryMs);
    this.#retry.unref();
  }

  #tryExpected(): Promise<void> {
    return this.#try((record) => this.#parts.stored.isExpected(record));
  }

  async #try(isWanted: (record: SessionRecord) => boolean): Promise<void> {
    const { context, attempts, stored, signedOut } = this.#parts;
    try {
      const records = await stored.read();
      // The seal could not be opened before.
      if (signedOut.problem?.code === 'seal-unavailable') signedOut.problem = undefined;
      if (this.#isClosed || attempts.running !== undefined) return;
      const wanted = records.filter(
        (record) => isWanted(record) && this.#people.withRecord(record) === undefined,
      );
      if (wanted.length > 0) await this.#takeUp(wanted);
    } catch (error) {
      context.report(error);
      signedOut.problem = toProblem(error);
      context.events.changed();
    }
  }

  async #takeUp(records: readonly SessionRecord[]): Promise<void> {
    const { context, providers, attempts, stored } = this.#parts;
    const room = this.#people.most - this.#people.all.length;
    const kept: Kept[] = [];
    for (const record of records.toSorted((a, b) => b.since - a.since)) {
      const provider = providers.named(record.provider);
      const isGood = provider?.enabled === true && context.now() < this.#untilOf(record, provider);
      if (isGood && kept.length < room) kept.push({ record, provider });
      else await stored.forget(record);
    }
    const [first] = kept;
    if (first === undefined || attempts.running !== undefined || this.#isClosed) return;
    for (const { record } of kept) stored.expect(record);
    const attempt = new Attempt(first.provider, 'restoring', undefined);
    await attempts.begin(attempt, async ({ signal }) => {
      await Promise.all(kept.map((one) => this.#run(one, signal)));
    }).done;
  }

  #untilOf({ until, since }: SessionRecord, provider: Provider): number {
    return Math.min(until, since + this.#people.deadlineOf(provider));
  }

  async #run({ provider, record }: Kept, signal: AbortSignal): Promise<void> {
    const { context, providers, demands, stored, signedOut } = this.#parts;
    const { objectId } = record;
    let account: Account | undefined;
    try {
      account = await provider.restore(objectId);
      if (account?.objectId !== objectId) return await stored.forget(record);
      if (stored.isExpected(record)) stored.expect(record, account);
      const { seen = record.since } = record;
      checkClockGoesOn(seen, context.now(), undefined);
      await orAborted(provider.renew(objectId), signal);
      checkClockGoesOn(seen, context.now(), provider.clockBehindMs?.());
      const found = await orAborted(provider.membership(objectId, signal), signal);
      signal.throwIfAborted();
      if (!providers.all.includes(provider)) return await stored.forget(record);
      await this.#people.takeIn(provider, found, 'restored', { kept: record, signal });
    } catch (error) {
      const problem = signal.aborted ? cancelled : context.explain(error);
      demands.refused(directoryOf(provider), problem.entra, undefined);
      // One record of a network that stays away, not one for each try.
      if (problem.code !== signedOut.problem?.code) await context.events.failed(provider.name, problem);
      signedOut.notRestored(account === undefined ? problem : named(problem, account), record);
      const isOver = endsSession.has(problem.code) || hasNoRoom.has(problem.code);
      if (!signal.aborted && isOver) await stored.forget(record);
    }
  }
}
