import { auditFault } from '../audit/fault.ts';
import { noted } from '../audit/recorded.ts';
import { defined } from '../base/defined.ts';
import { LatchkeyError, toLogText, toProblem } from '../contract/errors.ts';
import type { UpdateState } from '../contract/update-state.ts';
import { fromOutside, isFromOutside } from './installation.ts';
import { lookForRelease } from './look.ts';
import type { Installer, OwnApplication, OwnInstallation, Release, UpdateServices } from './ports.ts';
import { seenReleases } from './seen.ts';

export interface SearchOptions extends UpdateServices {
  application: OwnApplication;
  /** Called for the first download. */
  createInstaller(installation: OwnInstallation): Promise<Installer>;
}

type Now = UpdateState['now'];

/** How far it is: one look at a time, and the download that follows from it. */
export function createSearch(options: SearchOptions) {
  const { application, audit, changed, log, now, wishes } = options;
  const seen = seenReleases(options.home);
  let state: Now = { kind: 'unknown' };
  let checkedAt: string | undefined;
  let installer: Installer | undefined;
  let downloading: Promise<void> | undefined;
  /** What is on its way for other settings than those that count now comes to nothing. */
  let begun = new AbortController();

  function is(next: Now): void {
    state = next;
    changed();
  }

  /** Puts a failure where it belongs. @returns the state that tells of it */
  async function told(error: unknown, version?: string): Promise<Now> {
    const problem = toProblem(error);
    log(problem.code === 'internal' ? toLogText(error) : problem.message);
    if (problem.code === 'update-untrusted')
      await noted(audit, { event: 'update-refused', ...auditFault(problem), ...defined({ version }) });
    return { kind: 'failed', problem, ...defined({ version }) };
  }

  async function look(): Promise<void> {
    const { signal } = begun;
    const before = state;
    is({ kind: 'checking' });
    try {
      const found = await lookForRelease({ ...options, wishes: wishes(), seen, signal });
      signal.throwIfAborted();
      checkedAt = new Date(now()).toISOString();
      if (found.kind === 'same') return is({ kind: 'up-to-date' });
      if (found.kind === 'older') return is({ kind: 'up-to-date', offered: found.version });
      const { installation } = application;
      if (isFromOutside(installation)) return is(fromOutside(installation, found.release));
      if (before.kind === 'ready' && before.version === found.release.version) return is(before);
      downloading = download(found.release, installation, signal).finally(() => (downloading = undefined));
    } catch (error) {
      if (signal.aborted) return;
      const failed = await told(error);
      // What is ready was verified, and stays so.
      is(before.kind === 'ready' ? before : failed);
      throw error;
    }
  }

  async function download(release: Release, own: OwnInstallation, signal: AbortSignal): Promise<void> {
    const { version } = release;
    is({ kind: 'downloading', version, percent: 0 });
    try {
      installer ??= await options.createInstaller(own);
      signal.throwIfAborted();
      await installer.download(release, (percent) => {
        if (!signal.aborted) is({ kind: 'downloading', version, percent });
      });
      if (signal.aborted) return;
      log(`Version ${version} has been downloaded.`);
      is({ kind: 'ready', version });
    } catch (error) {
      if (!signal.aborted) is(await told(error, version));
    }
  }

  return {
    state: () => ({ now: state, ...defined({ checkedAt }) }),
    /** @throws LatchkeyError `update-unreachable`, `update-untrusted` */
    look,
    isDownloading: () => downloading !== undefined,
    /** What puts the version in place that is ready; undefined where none is. */
    ready: () =>
      state.kind === 'ready' && installer !== undefined ? { version: state.version, installer } : undefined,
    async failed(error: unknown, version: string): Promise<void> {
      is(await told(error, version));
    },
    /** Gives up what is under way; what was found under other settings may not be taken any more. */
    async drop(): Promise<void> {
      begun.abort(new LatchkeyError('config-changed', 'The settings of updates have changed meanwhile.'));
      begun = new AbortController();
      installer?.close();
      installer = undefined;
      state = { kind: 'unknown' };
      checkedAt = undefined;
      await downloading;
    },
  };
}
