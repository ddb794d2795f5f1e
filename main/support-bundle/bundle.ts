import { cpus, homedir, hostname, totalmem, userInfo } from 'node:os';
import { join } from 'node:path';
import { countRecords } from '../audit/count-records.ts';
import { defined } from '../base/defined.ts';
import { versions } from '../base/version.ts';
import type { Configuration } from '../config/schema.ts';
import { isLoopbackHost } from '../contract/loopback.ts';
import type { Check } from '../contract/shapes.ts';
import type { AppState } from '../contract/state.ts';
import type { SupportBundle } from '../contract/support-bundle.ts';
import { logTail } from './log-tail.ts';
import { createPlaceholders, type Kind, type Placeholders } from './placeholders.ts';
import { ownWords, shownConfiguration } from './shown-configuration.ts';
import { nameAll, shownCheck, shownState } from './shown-state.ts';
import { createTextFilter } from './shown-text.ts';

export interface BundleParts {
  /** The home folder. */
  home: string;
  configFile: string;
  /** Absent where it cannot be read. */
  configuration: Configuration | undefined;
  /** Of the broker that runs; absent where none does. */
  state?: AppState;
  findings: readonly Check[];
}

/** Words of programs and protocols that look like names, and are none. */
const knownWords =
  'latchkey log yaml json psql tlsv1 utf-8 utf8mb4 sha-256 caching_sha2_password client_ed25519 pg_hba conf'.split(
    ' ',
  );

/**
 * All that a person who helps needs to see: what runs, how it stands, what is wrong, how it is set up, and what it has last
 * said. Nothing of it names a person, a place or a secret.
 */
export async function makeSupportBundle(parts: BundleParts): Promise<SupportBundle> {
  const { home, configuration, state, findings } = parts;
  const placeholders = createPlaceholders();
  // The configuration first, so that what has a kind there keeps it.
  const shown = configuration && shownConfiguration(configuration, placeholders);
  if (state !== undefined) nameAll(state, placeholders);
  nameComputer(parts, placeholders);
  const filter = createTextFilter(placeholders, new Set([...ownWords(), ...knownWords]));
  const [audit, log] = await Promise.all([countRecords(join(home, 'audit')), logTail(join(home, 'log'))]);
  return {
    madeAt: new Date().toISOString(),
    versions: versions(),
    system: {
      cpus: cpus().length,
      memoryMegabytes: Math.round(totalmem() / 1024 / 1024),
      ...defined({ session: sessionType() }),
      startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString(),
    },
    running: state !== undefined,
    ...defined({ state: state && shownState(state, placeholders, filter), configuration: shown }),
    findings: findings.map((check) => shownCheck(check, filter)),
    audit,
    log: log.map(filter),
  };
}

/** What tells of this computer and its user, wherever it stands in a text. */
function nameComputer({ home, configFile }: BundleParts, { of }: Placeholders): void {
  const name = (kind: Kind, value: () => string): void => {
    try {
      of(kind, value());
    } catch {
      // An account without an entry, as in some containers.
    }
  };
  name('file', () => home);
  name('file', () => configFile);
  name('file', homedir);
  if (!isLoopbackHost(hostname())) name('host', hostname);
  name('user', () => userInfo().username);
}

/** Linux: whether Wayland or X11 shows the window. */
function sessionType(): string | undefined {
  const type = process.env['XDG_SESSION_TYPE'];
  return type !== undefined && ['wayland', 'x11', 'tty', 'mir'].includes(type) ? type : undefined;
}
