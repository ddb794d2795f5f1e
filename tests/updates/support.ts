import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { AuditEvent } from '../../main/audit/events.ts';
import { createFetch } from '../../main/base/http.ts';
import type { UpdateState } from '../../main/contract/update-state.ts';
import { createInstaller } from '../../main/updates/installer.ts';
import type { OwnApplication, UpdateWishes } from '../../main/updates/ports.ts';
import { openUpdates } from '../../main/updates/updates.ts';
import { signer } from '../organisation/bundles.ts';
import { type ReleaseServer, startReleaseServer } from './release-server.ts';

export const ours = signer();

export interface Installed {
  folder: string;
  /** The file of the application. */
  file: string;
  server: ReleaseServer;
  wishes: UpdateWishes;
  /** Open database sessions. */
  live: number;
  /** What was started in place of this one. */
  restarts: string[];
  records: AuditEvent[];
  lines: string[];
  /** The kinds of all states that were told, in order. */
  kinds: UpdateState['now']['kind'][];
  updates: ReturnType<typeof openUpdates>;
  now(): UpdateState['now'];
}

/**
 * Updates of an AppImage with everything that is real but the application itself: electron-updater, the files, a web server.
 * They look when they are told.
 */
export async function install(application: Partial<OwnApplication> = {}): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'lk-updates-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const server = await startReleaseServer();
  onTestFinished(server.close);
  const client = createFetch();
  onTestFinished(client.close);
  const file = join(folder, 'Latchkey-0.1.0.AppImage');
  await writeFile(file, 'the program of 0.1.0', { mode: 0o755 });
  const updateConfigFile = join(folder, 'app-update.yml');
  await writeFile(
    updateConfigFile,
    'provider: generic\nurl: https://latchkey.example/\nupdaterCacheDirName: latchkey-updater\n',
  );
  const installed: Omit<Installed, 'updates' | 'now'> & Partial<Installed> = {
    folder,
    file,
    server,
    wishes: {
      enabled: { value: true, origin: 'built-in' },
      channel: { value: 'stable', origin: 'built-in', locked: false },
    },
    live: 0,
    restarts: [],
    records: [],
    lines: [],
    kinds: [],
  };
  const log = (line: string) => void installed.lines.push(line);
  const updates = openUpdates({
    application: {
      version: '0.1.0',
      isPackaged: true,
      releaseKeys: [ours.fingerprint],
      publicServer: server.address,
      installation: { kind: 'app-image', file },
      ...application,
    },
    createInstaller: (installation) =>
      createInstaller({
        version: '0.1.0',
        installation,
        folder: join(folder, 'downloads'),
        updateConfigFile,
        fetch: client.fetch,
        quit: () => undefined,
        restart: (started) => void installed.restarts.push(started),
        log,
      }),
    wishes: () => installed.wishes,
    liveSessions: () => installed.live,
    home: folder,
    fetch: client.fetch,
    audit: { append: async (event) => void installed.records.push(event) },
    changed() {
      const { kind } = updates.state().now;
      if (installed.kinds.at(-1) !== kind) installed.kinds.push(kind);
    },
    log,
    now: () => Date.parse('2026-12-01T12:00:00Z'),
    nextLook: () => 2 ** 30,
  });
  onTestFinished(updates.close);
  return Object.assign(installed, { updates, now: () => updates.state().now });
}
