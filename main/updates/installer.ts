import { mkdir } from 'node:fs/promises';
import type * as ElectronUpdater from 'electron-updater';
import type { AppUpdater, UpdateInfo } from 'electron-updater';
import type { DownloadUpdateOptions } from 'electron-updater/out/AppUpdater.js';
import type { ProviderRuntimeOptions } from 'electron-updater/out/providers/Provider.js';
import { LatchkeyError } from '../contract/errors.ts';
import type { FetchLike } from '../contract/http.ts';
import { checkFile, downloadFile } from './download.ts';
import { placeAppImage } from './place-app-image.ts';
import type { Installer, OwnInstallation, Release, ReleaseFile } from './ports.ts';
import { untrusted } from './release.ts';

export interface InstallerOptions {
  version: string;
  installation: OwnInstallation;
  /** Where downloads go. */
  folder: string;
  /** `app-update.yml` of the package, which says whose signature Windows has to find. */
  updateConfigFile: string;
  fetch: FetchLike;
  /** Ends the application. */
  quit(): void;
  /** Ends the application, and starts it anew from `file`. */
  restart(file: string): void;
  log(line: string): void;
}

type Library = typeof ElectronUpdater;

/**
 * Downloads and installs by electron-updater, which knows the ways of the systems and their signatures (Authenticode on
 * Windows, that of the bundle on macOS). Which version there is, and what its file has to be, it is told by us: it never sees
 * the unsigned metadata of a server, and sends none of its own requests, each of which has an id of this installation in it.
 */
export async function createInstaller(options: InstallerOptions): Promise<Installer> {
  const { installation, fetch } = options;
  const library = await import('electron-updater');
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const closing = new AbortController();
  /** What is being downloaded, and where it has come to. */
  let current: { release: Release; file: ReleaseFile; tell(percent: number): void } | undefined;
  let ready: { path: string; file: ReleaseFile } | undefined;

  const updater = createUpdater(library, options, (url, path) => {
    if (current === undefined) throw new TypeError('a download that nobody has asked for');
    const { file, tell } = current;
    return downloadFile(url, path, file, { fetch, signal: closing.signal, tell });
  });
  // An emitter without a listener would throw.
  let lastError: unknown;
  updater.on('error', (error) => (lastError = error));
  updater.setFeedURL({
    provider: 'custom',
    updateProvider: providerOf(library, () => {
      if (current === undefined) throw new TypeError('a release that nobody has asked for');
      return current;
    }),
  });

  return {
    async download(release, tell) {
      current = { release, file: fileFor(installation, release), tell };
      ready = undefined;
      try {
        const found = await updater.checkForUpdates();
        if (found?.isUpdateAvailable !== true)
          throw failedBecause(`electron-updater does not take version ${release.version}`);
        const [path] = await updater.downloadUpdate(found.cancellationToken);
        if (path === undefined) throw failedBecause('electron-updater has not said where the download is');
        ready = { path, file: current.file };
      } catch (error) {
        closing.signal.throwIfAborted();
        throw asProblem(error);
      }
    },

    async install(beforeEnd) {
      if (ready === undefined) throw failedBecause('nothing was downloaded');
      if (installation.kind === 'app-image') {
        await placeAppImage(ready.path, installation.file, ready.file);
        await beforeEnd();
        return options.restart(installation.file);
      }
      // It may have lain there for days.
      await checkFile(ready.path, ready.file);
      await beforeEnd();
      lastError = undefined;
      updater.quitAndInstall(true, true);
      if (lastError !== undefined) throw asProblem(lastError);
    },

    close: () => closing.abort(new LatchkeyError('broker-stopping', 'Latchkey ends.')),
  };
}

type Fetching = (url: URL, path: string) => Promise<void>;

function createUpdater(
  library: Library,
  { installation, folder, log, ...options }: InstallerOptions,
  fetching: Fetching,
): AppUpdater {
  const application = {
    version: options.version,
    name: 'latchkey',
    isPackaged: true,
    appUpdateConfigPath: options.updateConfigFile,
    userDataPath: folder,
    baseCachePath: folder,
    whenReady: async () => undefined,
    relaunch: () => undefined,
    quit: options.quit,
    onQuit: () => undefined,
  };
  const kinds = {
    'app-image': appImageUpdater(library, fetching),
    nsis: library.NsisUpdater,
    mac: library.MacUpdater,
  };
  const updater: AppUpdater = new kinds[installation.kind](undefined, application);
  updater.autoDownload = false;
  updater.autoInstallOnAppQuit = false;
  updater.allowDowngrade = false;
  // One file that was signed as a whole, in place of pieces by an unsigned list.
  updater.disableDifferentialDownload = true;
  updater.disableWebInstaller = true;
  updater.logger = { info: () => undefined, warn: log, error: log };
  Object.assign(updater, {
    // It would make an id, and keep it for ever.
    stagingUserIdPromise: { value: Promise.resolve('') },
    httpExecutor: {
      async download(url: URL, path: string) {
        await fetching(url, path);
        return path;
      },
    },
  });
  return updater;
}

/** Without what the library takes from the variable APPIMAGE, which this process has given back (base/app-image.ts). */
function appImageUpdater({ AppImageUpdater }: Library, fetching: Fetching) {
  return class extends AppImageUpdater {
    override isUpdaterActive(): boolean {
      return true;
    }
    protected override doDownloadUpdate(wanted: DownloadUpdateOptions) {
      const { info, provider } = wanted.updateInfoAndProvider;
      const [fileInfo] = provider.resolveFiles(info);
      if (fileInfo === undefined) throw failedBecause('there is no file to download');
      return this.executeDownload({
        fileExtension: 'AppImage',
        fileInfo,
        downloadUpdateOptions: wanted,
        task: (path) => fetching(fileInfo.url, path),
      });
    }
  };
}

/** Answers with the release that has been verified, and asks no server. */
function providerOf({ Provider }: Library, current: () => { release: Release; file: ReleaseFile }) {
  return class extends Provider<UpdateInfo> {
    constructor(_options: unknown, _updater: unknown, runtime: ProviderRuntimeOptions) {
      super(runtime);
    }
    override async getLatestVersion(): Promise<UpdateInfo> {
      const { release, file } = current();
      const { url: path, sha512 } = file;
      return { version: release.version, files: [{ ...file }], path, sha512, releaseDate: '' };
    }
    override resolveFiles() {
      const { release, file } = current();
      return [{ url: new URL(file.url, release.base), info: { ...file } }];
    }
  };
}

const endings = { 'app-image': '.AppImage', nsis: '.exe', mac: '.zip' };

/** The file of a release that an installation is made of. @throws LatchkeyError `update-failed` */
function fileFor(
  { kind }: OwnInstallation,
  { version, files }: Pick<Release, 'version' | 'files'>,
): ReleaseFile {
  const file = files.find(({ url }) => url.endsWith(endings[kind]));
  if (file !== undefined) return file;
  throw new LatchkeyError('update-failed', `Version ${version} has no ${endings[kind]} for this computer.`, {
    remedy: 'Tell whoever looks after the update server.',
  });
}

function asProblem(error: unknown): LatchkeyError {
  if (error instanceof LatchkeyError) return error;
  const { code } = error as { code?: unknown };
  if (code === 'ERR_UPDATER_INVALID_SIGNATURE')
    return untrusted('The newer version is not signed by whoever has signed this one.');
  return failedBecause('the system would not install it', error);
}

function failedBecause(reason: string, cause?: unknown): LatchkeyError {
  return new LatchkeyError('update-failed', `The newer version is not installed: ${reason}.`, {
    remedy: 'Try again; if it stays, install it by hand, and look into the log.',
    cause,
  });
}
