import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isNetworkDrive, watchFiles } from '../../main/base/watch-files.ts';

let folder: string;
let stop: () => void;
let changes: number;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-watch-'));
  changes = 0;
  stop = () => undefined;
});
afterEach(async () => {
  stop();
  await rm(folder, { recursive: true, force: true });
});

const at = (...names: string[]): string => join(folder, ...names);
/** Beside the files there is one that the test changes by itself: once that is noticed, all before it has been. */
async function watch(...files: string[]): Promise<void> {
  stop = watchFiles([...files, at('beacon')], () => (changes += 1));
  await settled();
}
async function settled(): Promise<void> {
  await expectNoticed(() => writeFile(at('beacon'), String(Math.random())), true);
  // What the beacon itself sets off is over when nothing comes any more.
  for (let seen = -1; seen !== changes;) {
    seen = changes;
    await sleep(400);
  }
}
/** @param again the change can be made more than once: whoever has only begun to watch may miss the first */
async function expectNoticed(change: () => Promise<unknown>, again = false): Promise<void> {
  const before = changes;
  await change();
  await expect
    .poll(
      async () => {
        if (again && changes === before) await change();
        return changes;
      },
      { timeout: 15_000, interval: 250 },
    )
    .toBeGreaterThan(before);
}

test('a file that is changed, replaced, gone, and there again', async () => {
  await writeFile(at('file'), 'one');
  await watch(at('file'), at('other'));
  await expectNoticed(() => writeFile(at('file'), 'two'));
  await writeFile(at('new'), 'two');
  await expectNoticed(() => rename(at('new'), at('file')));
  await expectNoticed(() => rm(at('file')));
  await expectNoticed(() => writeFile(at('file'), 'three'));
  await expectNoticed(() => writeFile(at('other'), 'one'));
});

test('a file in a folder that comes only later, and goes with it', async () => {
  await watch(at('a', 'b', 'file'));
  const before = changes;
  await mkdir(at('a'));
  await mkdir(at('a', 'b'));
  await sleep(500);
  expect(changes).toBe(before);
  await expectNoticed(() => writeFile(at('a', 'b', 'file'), 'one'));
  await settled();
  await expectNoticed(() => rm(at('a'), { recursive: true }));
  await settled();
  // All at once: the folders and what is in them.
  await mkdir(at('new', 'b'), { recursive: true });
  await writeFile(at('new', 'b', 'file'), 'two');
  await expectNoticed(() => rename(at('new'), at('a')));
});

test('what a link leads to, and a link that is turned', async () => {
  await mkdir(at('one'));
  await mkdir(at('two'));
  await writeFile(at('one', 'file'), 'one');
  await writeFile(at('two', 'file'), 'two');
  await symlink(at('one', 'file'), at('link'));
  await watch(at('link'));
  await expectNoticed(() => writeFile(at('one', 'file'), 'other'));
  await symlink(at('two', 'file'), at('turned'));
  await settled();
  await expectNoticed(() => rename(at('turned'), at('link')));
  await settled();
  await expectNoticed(() => writeFile(at('two', 'file'), 'other'));
  await settled();
  const before = changes;
  await writeFile(at('one', 'file'), 'nobody looks here any more');
  await sleep(500);
  expect(changes).toBe(before);
});

test('nothing else counts, and nothing after the end', async () => {
  await writeFile(at('file'), 'one');
  await watch(at('file'));
  const before = changes;
  await writeFile(at('neighbour'), 'one');
  await sleep(500);
  expect(changes).toBe(before);
  stop();
  await writeFile(at('file'), 'two');
  await sleep(500);
  expect(changes).toBe(before);
});

test('the drives on which the changes of other computers are no events are known', () => {
  const drives = {
    nfs: 0x6969,
    cifs: 0xff534d42,
    smb2: 0xfe534d42,
    sshfs: 0x65735546,
    ext4: 0xef53,
    btrfs: 0x9123683e,
    tmpfs: 0x1021994,
  };
  const remote = Object.entries(drives).filter(([, type]) => isNetworkDrive(type, 'linux'));
  expect(remote.map(([name]) => name)).toEqual(['nfs', 'cifs', 'smb2', 'sshfs']);
  expect(isNetworkDrive(drives.nfs, 'darwin')).toBe(false);
});
