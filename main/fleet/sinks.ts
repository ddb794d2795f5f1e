import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Audit } from '../audit/audit.ts';
import { defined } from '../base/defined.ts';
import { createMutex } from '../base/mutex.ts';
import type { SinkSettings } from '../config/sinks.ts';
import { toSeconds } from '../config/duration.ts';
import { LatchkeyError, toLogText, toProblem, type Problem } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import type { SinkState } from '../contract/state.ts';
import { openExporter, type Exporter, type ExporterState, type Transport } from './exporter.ts';
import { createOtlp } from './otlp.ts';
import { createSyslog } from './syslog.ts';

export interface SinksOptions {
  /** Of the home. */
  folder: string;
  /** Of the audit. */
  auditFolder: string;
  audit: Pick<Audit, 'append' | 'end' | 'onWritten'>;
  settings(): readonly SinkSettings[];
  /** Passwords and keys that the settings name. */
  stored(name: string): Promise<string | undefined>;
  fetchWith(caFile: string | undefined): FetchLike;
  /** This computer's name. */
  host: string;
  version: string;
  changed(): void;
  log(line: string): void;
  now(): number;
}

interface Open {
  settings: SinkSettings;
  exporter?: Exporter;
  /** Where not even the note of how far it has come can be read or made. */
  failing?: ExporterState['failing'];
}

/** From when on a required sink that takes nothing keeps every login out, in ms since 1970. */
const refusesFrom = ({ required, outage }: SinkSettings, since: number): number | undefined =>
  required ? since + toSeconds(outage) * 1000 : undefined;

export type Sinks = Awaited<ReturnType<typeof openSinks>>;

/** The servers that get the audit, as the configuration names them. */
export async function openSinks(options: SinksOptions) {
  const mutex = createMutex();
  let open: Open[] = [];
  let isClosed = false;

  const transportTo = (settings: SinkSettings): Transport =>
    settings.type === 'syslog'
      ? createSyslog({ ...options, settings })
      : createOtlp({ ...options, settings, fetch: options.fetchWith(settings.caFile) });

  async function begin(settings: SinkSettings): Promise<Open> {
    const { folder, auditFolder, audit, changed, log, now } = options;
    try {
      const exporter = await openExporter({
        sink: settings.name,
        transport: transportTo(settings),
        folder: auditFolder,
        cursorFile: join(folder, `${settings.name}.json`),
        audit,
        changed,
        log,
        now,
      });
      return { settings, exporter };
    } catch (error) {
      log(`audit sink "${settings.name}": ${toLogText(error)}`);
      return { settings, failing: { since: now(), problem: toProblem(error) } };
    }
  }

  /** Takes up the sinks that are new or other ones, and leaves those alone that are as before. */
  async function follow(): Promise<void> {
    if (isClosed) return;
    const wanted = options.settings();
    const stays = ({ settings, exporter }: Open): boolean =>
      exporter !== undefined && wanted.some((one) => isDeepStrictEqual(one, settings));
    const gone = open.filter((one) => !stays(one));
    open = open.filter(stays);
    await Promise.all(gone.map(({ exporter }) => exporter?.close()));
    for (const settings of wanted)
      if (!open.some((one) => one.settings.name === settings.name)) open.push(await begin(settings));
    options.changed();
  }

  await mutex.run(follow);
  return {
    follow: (): Promise<void> => mutex.run(follow),
    state: (): SinkState[] =>
      open.map(({ settings, exporter, failing: unopened }) => {
        const { name, type, required } = settings;
        const { behind, failing } = exporter?.state() ?? { behind: undefined, failing: unopened };
        return { name, type, required, ...defined({ behind, failing: failing && shown(settings, failing) }) };
      }),
    /**
     * "No record, no login" for the sinks that are required.
     * @throws LatchkeyError `export-failed`
     */
    check(): void {
      for (const { settings, exporter, failing } of open) {
        const since = exporter?.failingSince() ?? failing?.since;
        const from = since === undefined ? undefined : refusesFrom(settings, since);
        if (since === undefined || from === undefined || options.now() < from) continue;
        throw overdue(settings.name, since, exporter?.state().failing?.problem ?? failing?.problem);
      }
    },
    async close(): Promise<void> {
      isClosed = true;
      await mutex.run(() => Promise.all(open.map(({ exporter }) => exporter?.close())));
    },
  };
}

type Failing = NonNullable<ExporterState['failing']>;

function shown(settings: SinkSettings, { since, problem }: Failing): SinkState['failing'] {
  const from = refusesFrom(settings, since);
  return {
    since: isoOf(since),
    problem,
    ...(from === undefined ? {} : { refusesFrom: isoOf(from) }),
  };
}

function overdue(sink: string, since: number, problem: Problem | undefined): LatchkeyError {
  return new LatchkeyError(
    'export-failed',
    `The audit has not reached the log server "${sink}" since ${isoOf(since)}, and without it nobody is let in.`,
    { remedy: problem?.message ?? 'Try again in a moment: Latchkey is trying to reach it.' },
  );
}

const isoOf = (time: number): string => new Date(time).toISOString();
