import type { Audit } from '../audit/audit.ts';
import { auditFault } from '../audit/fault.ts';
import { LatchkeyError } from '../contract/errors.ts';
import type { GatewayHost, ListenerFailure, ListenerSettings } from '../gateway/ports.ts';

export interface ListenersOptions {
  /** Those that there are to be now. */
  settings(): readonly ListenerSettings[];
  audit: Pick<Audit, 'append'>;
  log(line: string): void;
  changed(): void;
  /** Between two tries, in ms; each wait is twice as long as the last one. */
  wait?: { firstMs: number; longestMs: number };
}

/**
 * The listeners of all connections. One that cannot open, or only at one of the two loopback addresses, is named in
 * the log, the audit and the state, and is tried again until it can: whoever had the port may go away.
 */
export function createListeners(options: ListenersOptions) {
  const { settings, audit, log, changed } = options;
  const { firstMs, longestMs } = options.wait ?? { firstMs: 2000, longestMs: 60_000 };
  const failures = new Map<string, ListenerFailure>();
  let gateway: Pick<GatewayHost, 'open' | 'replace'> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let waitMs = firstMs;
  let trying: Promise<void> | undefined;
  let closed = false;

  /** Whoever fails as before has been told of already. */
  async function note(failed: readonly ListenerFailure[]): Promise<void> {
    const wanted = new Set(settings().map(({ connection }) => connection));
    // A connection may have gone while it was being opened.
    const still = failed.filter(({ connection }) => wanted.has(connection));
    const news = still.filter(
      ({ connection, problem }) => failures.get(connection)?.problem.message !== problem.message,
    );
    for (const failure of still) failures.set(failure.connection, failure);
    schedule();
    changed();
    for (const { connection, problem } of news) {
      log(`connection "${connection}": ${problem.message}`);
      await audit.append({ event: 'connection-listener-failed', connection, ...auditFault(problem) });
    }
  }

  function schedule(): void {
    clearTimeout(timer);
    if (closed || failures.size === 0) return;
    timer = setTimeout(() => {
      waitMs = Math.min(waitMs * 2, longestMs);
      void tryAgain().catch(() => undefined);
    }, waitMs);
  }

  async function openFailed(): Promise<void> {
    const wanted = settings().filter(({ connection }) => failures.has(connection));
    await take(wanted, (await gateway?.open(wanted)) ?? []);
  }

  /** What has become of those that were to be opened. */
  async function take(
    wanted: readonly ListenerSettings[],
    failed: readonly ListenerFailure[],
  ): Promise<void> {
    const still = new Set(failed.map(({ connection }) => connection));
    const recovered = wanted.filter(({ connection }) => failures.has(connection) && !still.has(connection));
    for (const { connection } of recovered) failures.delete(connection);
    await note(failed);
    for (const { connection } of recovered) {
      log(`connection "${connection}": it listens now`);
      await audit.append({ event: 'connection-listener-opened', connection });
    }
  }

  function tryAgain(): Promise<void> {
    trying ??= openFailed().finally(() => {
      trying = undefined;
    });
    return trying;
  }

  return {
    /** What does not listen, or not everywhere. */
    failure: (connection: string): ListenerFailure | undefined => failures.get(connection),
    /** Opens all at this gateway; rejects only where the audit cannot be written. */
    async start(opened: Pick<GatewayHost, 'open' | 'replace'>): Promise<void> {
      gateway = opened;
      await note(await gateway.open([...settings()]));
    },
    /** As {@link start}, after a change of the settings: what listens is what they say from now on. */
    async follow(elevatedTools: 'refuse' | 'allow'): Promise<void> {
      const wanted = settings();
      const replaced = gateway?.replace([...wanted], elevatedTools);
      const names = new Set(wanted.map(({ connection }) => connection));
      for (const connection of failures.keys()) if (!names.has(connection)) failures.delete(connection);
      waitMs = firstMs;
      await take(wanted, (await replaced) ?? []);
    },
    /** Some that did listen do not any more. */
    note,
    /**
     * Tries those that do not listen, now.
     * @throws LatchkeyError the problem of the first one that still cannot
     */
    async retry(): Promise<void> {
      waitMs = firstMs;
      await tryAgain();
      const [first] = failures.values();
      if (first === undefined) return;
      const { code, message, remedy } = first.problem;
      throw new LatchkeyError(code, `Connection "${first.connection}": ${message}`, { remedy });
    },
    async close(): Promise<void> {
      closed = true;
      clearTimeout(timer);
      await trying?.catch(() => undefined);
    },
  };
}
