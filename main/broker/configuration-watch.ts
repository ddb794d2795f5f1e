import { watchFiles } from '../base/watch-files.ts';
import type { Configuration } from '../config/schema.ts';
import { configurationTexts, hashOf, type ConfigurationSource } from '../config/load.ts';
import { toProblem, type Problem } from '../contract/errors.ts';
import type { AppState } from '../contract/state.ts';
import type { InForce } from './in-force.ts';
import type { Reload } from './reload.ts';

export interface ConfigurationWatchOptions {
  source: ConfigurationSource;
  inForce: Pick<InForce, 'hash'> & { readonly configuration: Pick<Configuration, 'reload'> };
  reload: Pick<Reload, 'load' | 'preview' | 'needsRestart'>;
  changed(): void;
  log(line: string): void;
  /** In ms; by default those below. */
  times?: WatchTimes;
}

export interface WatchTimes {
  /** It has to stay as it is for so long before anything is made of it: editors write in steps. */
  settle: number;
  /** And for so long before a fault is told: half a file is one, and is over soon. */
  fault: number;
}

const defaultTimes: WatchTimes = { settle: 1500, fault: 4000 };

/** Texts of the files; undefined where it cannot be read. */
interface Seen {
  hash: string | undefined;
  /** What counted then. Another load may bring the same texts back: what was found before it is over all the same. */
  against: object;
}

/** What the file says that does not count yet. */
type News = Seen & ({ changes: string[]; ends(): number } | { problem: Problem });

export type ConfigurationWatch = ReturnType<typeof watchConfiguration>;

/**
 * Notices that the configuration file, or the organisation's, is another one than what counts, whoever has changed it and however: in place, by
 * a rename, behind a link. What is found is told in the state, or counts at once where the configuration that counts says `reload: automatic`.
 */
export function watchConfiguration(options: ConfigurationWatchOptions) {
  const { source, inForce, reload, changed, log } = options;
  const files = [source.file, ...source.organisation.files];
  const times = options.times ?? defaultTimes;
  let news: News | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  let isClosed = false;

  function tell(next: News | undefined): void {
    if (next !== undefined)
      log(
        'problem' in next
          ? `The configuration file has changed, and cannot count as it is: ${next.problem.message}`
          : `The configuration file has changed (${next.changes.join('; ') || 'nothing that counts'}). Apply it with: latchkey config reload`,
      );
    news = next;
    changed();
  }

  const isSame = (one: Seen | undefined, other: Seen): boolean =>
    one?.hash === other.hash && one?.against === other.against;

  /** @param faulty what had a fault when it was looked at last */
  async function look(faulty?: Seen): Promise<void> {
    let hash: string | undefined;
    const against = inForce.configuration;
    try {
      const texts = await configurationTexts(source);
      hash = hashOf(texts);
      if (hash === inForce.hash) {
        if (news !== undefined) tell(undefined);
        return;
      }
      if (isSame(news, { hash, against })) return;
      const preview = await reload.preview(texts);
      if (inForce.configuration.reload === 'automatic') await reload.load('automatic');
      // It may count by now, on another way.
      tell(hash === inForce.hash ? undefined : { hash, against, ...preview });
    } catch (error) {
      const seen = { hash, against };
      if (news !== undefined && 'problem' in news && isSame(news, seen)) return;
      if (isSame(faulty, seen)) tell({ ...seen, problem: toProblem(error) });
      else schedule(times.fault, seen);
    }
  }

  function schedule(ms: number, faulty?: Seen): void {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => {
      looking = looking.then(() => look(faulty));
    }, ms);
    timer.unref();
  }

  const noticed = (): void => schedule(times.settle);
  const stop = watchFiles(files, noticed);
  // Between the start's reading and this nobody has looked.
  noticed();

  return {
    /** For the state; absent where the file says what counts. */
    state(): Pick<AppState, 'configurationChange' | 'needsRestart'> {
      const needsRestart = reload.needsRestart();
      return {
        ...(needsRestart.length === 0 ? {} : { needsRestart }),
        ...(news?.against === inForce.configuration ? { configurationChange: shown(news) } : {}),
      };
    },
    /** Stops, and waits for what is under way. */
    async close(): Promise<void> {
      isClosed = true;
      clearTimeout(timer);
      stop();
      await looking;
    },
  };
}

function shown(news: News): NonNullable<AppState['configurationChange']> {
  return 'problem' in news
    ? { changes: [], ends: 0, problem: news.problem }
    : { changes: news.changes, ends: news.ends() };
}
