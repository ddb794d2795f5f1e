import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat, statfs } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** An editor writes in steps, and each is an event. */
const settleMs = 100;
/** Whatever the system may not have told. */
const seldomMs = 5 * 60_000;
/** Where the system has no more watches to give, cannot watch that folder, or hears of no change that another computer makes. */
const oftenMs = 2000;

/**
 * Calls back when one of these files is another one than before: changed in place, replaced, behind a link that was turned,
 * gone or come. The system tells of changes in their folders, so that nothing is done while there are none; the files'
 * times say whether it was one of them.
 *
 * @returns the way to stop
 */
export function watchFiles(files: readonly string[], changed: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let seen: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isLooking = false;
  let isClosed = false;

  function lookIn(ms: number): void {
    clearTimeout(timer);
    if (isClosed) return;
    timer = setTimeout(() => void look(), ms);
    timer.unref();
  }

  async function look(): Promise<void> {
    if (isLooking) return lookIn(settleMs);
    isLooking = true;
    const places = (await Promise.all(files.map(placesOf))).flat();
    const isRemote = await Promise.all(places.map(({ folder }) => isOnNetwork(folder)));
    // Before the times are read: what changes after that is an event.
    const isWatched = !isClosed && arm(places) && !isRemote.includes(true);
    const found = (await Promise.all(files.map(timesOf))).join('\n');
    isLooking = false;
    if (isClosed) return;
    lookIn(isWatched ? seldomMs : oftenMs);
    const isOther = seen !== undefined && seen !== found;
    seen = found;
    if (isOther) changed();
  }

  /** Watches these places and no others; false where one of them cannot be watched. */
  function arm(places: readonly Place[]): boolean {
    const wanted = new Map(places.map((place) => [`${place.folder}\n${place.name ?? ''}`, place]));
    for (const [key, watcher] of watchers) {
      if (wanted.has(key)) continue;
      watcher.close();
      watchers.delete(key);
    }
    let isWhole = true;
    for (const [key, { folder, name }] of wanted) {
      if (watchers.has(key)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, (_event, what) => {
          if (name === undefined || what === null || what === name) lookIn(settleMs);
        });
        // The folder has gone, or the system has had enough of it: the next look finds the way from there.
        watcher.on('error', () => {
          watcher.close();
          watchers.delete(key);
          lookIn(settleMs);
        });
        watchers.set(key, watcher);
      } catch {
        isWhole = false;
      }
    }
    return isWhole;
  }

  void look();
  return () => {
    isClosed = true;
    clearTimeout(timer);
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}

/**
 * statfs(2): NFS, SMB in its three forms, CIFS, FUSE (sshfs), AFS, Coda, Ceph, Lustre, 9p and the shared folders of virtual
 * machines. Linux only, as the numbers of others mean something else.
 */
const networkDrives = new Set([
  0x6969, 0x517b, 0xfe534d42, 0xff534d42, 0x65735546, 0x5346414f, 0x73757245, 0xc36400, 0xbd00bd0, 0x1021997,
  0x786f4256,
]);

export function isNetworkDrive(type: number, platform = process.platform): boolean {
  return platform === 'linux' && networkDrives.has(type);
}

async function isOnNetwork(folder: string): Promise<boolean> {
  return statfs(folder).then(
    ({ type }) => isNetworkDrive(type),
    () => false,
  );
}

interface Place {
  folder: string;
  /** What counts of it; absent where everything does. */
  name?: string;
}

/** The folder of the file and, where it is a link, of what it leads to; of a folder that is not there, the nearest that is. */
async function placesOf(file: string): Promise<Place[]> {
  const own = await nearest(file);
  const target = await realpath(file).catch(() => file);
  // By its real name: a folder may be behind a link, too.
  return target === file ? [own] : [own, { folder: dirname(target) }];
}

async function nearest(file: string): Promise<Place> {
  for (let path = file; ;) {
    const folder = dirname(path);
    const isThere = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (isThere || folder === path) return path === file ? { folder } : { folder, name: basename(path) };
    path = folder;
  }
}

async function timesOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
