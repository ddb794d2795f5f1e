import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { cleanTemporaryFiles, readIfThere, writeDurably } from '../../main/store/durable-file.ts';
import { describeWith } from '../support/parts.ts';
import { mount, mountSmallDisk, root, setpriv, strace, useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();

describe('writeDurably', () => {
  test('creates and replaces, readable by the owner only', async () => {
    const path = join(await newFolder(), 'state.json');
    await writeDurably(path, Buffer.from('one'));
    await writeDurably(path, Buffer.from('two'));
    expect(await readFile(path, 'utf8')).toBe('two');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toEqual(['state.json']);
  });

  test('sets the mode that was asked for, whatever the umask', async () => {
    const path = join(await newFolder(), 'public.json');
    await writeDurably(path, Buffer.from('one'), { mode: 0o666 });
    expect((await stat(path)).mode & 0o777).toBe(0o666);
  });

  test('names the path and the reason', async () => {
    const path = join(await newFolder(), 'missing', 'state.json');
    await expect(writeDurably(path, Buffer.from('one'))).rejects.toMatchObject({
      code: 'store-failed',
      message: `${path} could not be written because the folder does not exist.`,
      remedy: expect.any(String),
    });
  });

  test('leaves no temporary file where the rename fails', async () => {
    const folder = await newFolder();
    await mkdir(join(folder, 'state.json', 'inside'), { recursive: true });
    await expect(writeDurably(join(folder, 'state.json'), Buffer.from('one'))).rejects.toMatchObject({
      code: 'store-failed',
    });
    expect(await readdir(folder)).toEqual(['state.json']);
  });

  test('many at once leave one whole file', async () => {
    const folder = await newFolder();
    const path = join(folder, 'state.json');
    const contents = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(10_000));
    await Promise.all(contents.map((content) => writeDurably(path, Buffer.from(content))));
    expect(contents).toContain(await readFile(path, 'utf8'));
    expect(await readdir(folder)).toEqual(['state.json']);
  });
});

describe('readIfThere', () => {
  test('tells a missing file from one that cannot be read', async () => {
    const folder = await newFolder();
    expect(await readIfThere(join(folder, 'nothing'))).toBeUndefined();
    await expect(readIfThere(folder)).rejects.toMatchObject({ code: 'store-failed' });
  });
});

test('cleanTemporaryFiles removes its own leftovers and nothing else', async () => {
  const folder = await newFolder();
  const others = ['.hidden', 'a.latchkey-tmp', '.a.0123456789abcdef.latchkey-tmp.txt'];
  for (const name of [...others, '.a.json.0123456789abcdef.latchkey-tmp'])
    await writeFile(join(folder, name), '');
  await cleanTemporaryFiles(folder);
  expect((await readdir(folder)).toSorted()).toEqual(others.toSorted());
});

describeWith([root, mount], 'a full disk', () => {
  test('the old file stays, whole, and the message says that the disk is full', async () => {
    const folder = await newFolder();
    const unmount = mountSmallDisk(folder, '64k');
    try {
      const path = join(folder, 'state.json');
      const old = Buffer.alloc(40_000, 'o');
      await writeDurably(path, old);
      await expect(writeDurably(path, Buffer.alloc(40_000, 'n'))).rejects.toMatchObject({
        code: 'store-failed',
        message: `${path} could not be written because the disk is full.`,
      });
      expect((await readFile(path)).equals(old)).toBe(true);
      expect(await readdir(folder)).toEqual(['state.json']);
      await writeDurably(path, Buffer.from('smaller'));
      expect(await readFile(path, 'utf8')).toBe('smaller');
    } finally {
      unmount();
    }
  });
});

describeWith([root, setpriv], 'a folder of somebody else', () => {
  test('no permission is said as such', async () => {
    const folder = await newFolder();
    await chmod(folder, 0o755);
    const path = join(folder, 'state.json');
    const module = join(import.meta.dirname, '../../main/store/durable-file.ts');
    const script = `const { writeDurably } = await import(${JSON.stringify(module)});
      await writeDurably(${JSON.stringify(path)}, Buffer.from('x')).catch((thrown) => console.log(thrown.message));`;
    const asOther = [
      '--reuid=65534',
      '--clear-groups',
      process.execPath,
      '--input-type=module',
      '-e',
      script,
    ];
    const { stdout } = spawnSync(setpriv.path ?? '', asOther, { encoding: 'utf8' });
    expect(stdout).toBe(`${path} could not be written because there is no permission.\n`);
  });
});

const calls = ['openat', 'pwrite64', 'fstat', 'statx', 'fsync', 'rename', 'close'];
const isTraced = (status: string): boolean => /^TracerPid:\t[1-9]/m.test(status);

async function untilTraced(pid: number): Promise<void> {
  for (;;) {
    const tasks = await readdir(`/proc/${pid}/task`);
    const statuses = await Promise.all(
      tasks.map((task) => readFile(`/proc/${pid}/task/${task}/status`, 'utf8')),
    );
    if (statuses.every(isTraced)) return;
    await sleep(5);
  }
}

describeWith([root, strace], 'a fault at every system call of a save', () => {
  const oldContent = 'old '.repeat(2000);
  const newContent = 'new '.repeat(3000);

  /** Saves `newContent` over `oldContent` in a child that strace watches, with the fault injected. */
  async function save(path: string, expressions: string[]): Promise<{ answer: string; trace: string }> {
    const script = join(import.meta.dirname, 'save-child.ts');
    const child = spawn(process.execPath, [script, path, oldContent, newContent], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const childEnd = once(child, 'close');
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');

    const options = ['-f', '-qqq', '-p', `${child.pid}`, '-o', join(dirname(path), 'trace')];
    const tracer = spawn(strace.path ?? '', [
      ...options,
      ...expressions.flatMap((expression) => ['-e', expression]),
    ]);
    const tracerEnd = once(tracer, 'close');
    await untilTraced(child.pid ?? 0);
    child.stdin.write('go\n');
    const answer = (await lines.next()).value ?? '';
    await childEnd;
    await tracerEnd;
    return { answer, trace: await readFile(join(dirname(path), 'trace'), 'utf8') };
  }

  test('always the old or the new file, never a false success', { timeout: 120_000 }, async () => {
    const path = join(await newFolder(), 'state.json');
    const clean = await save(path, [`trace=${calls.join(',')}`]);
    expect(clean.answer).toBe('saved');
    const counts = calls.map((call) => [call, clean.trace.split(`${call}(`).length - 1] as const);
    expect(Object.fromEntries(counts)).toMatchObject({ pwrite64: 1, fsync: 2, rename: 1 });

    const outcomes = { old: 0, new: 0, killed: 0, refused: 0 };
    for (const [call, count] of counts) {
      for (let n = 1; n <= count; n += 1) {
        for (const fault of ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL']) {
          const { answer } = await save(path, [`trace=${call}`, `inject=${call}:${fault}:when=${n}`]);
          const where = `${call} ${n} ${fault}: ${answer}`;
          const content = await readFile(path, 'utf8');
          expect([oldContent, newContent], where).toContain(content);
          if (answer === 'saved') expect(content, where).toBe(newContent);
          else if (answer !== '') expect(JSON.parse(answer), where).toMatchObject({ code: 'store-failed' });
          if (fault === 'signal=SIGKILL') outcomes.killed += 1;
          if (answer.startsWith('{')) outcomes.refused += 1;
          outcomes[content === oldContent ? 'old' : 'new'] += 1;
          await cleanTemporaryFiles(dirname(path));
          expect((await readdir(dirname(path))).toSorted(), where).toEqual(['state.json', 'trace']);
        }
      }
    }
    expect(outcomes.old).toBeGreaterThan(0);
    expect(outcomes.new).toBeGreaterThan(0);
    expect(outcomes.refused).toBeGreaterThanOrEqual(10);
    process.stdout.write(`durable file, faults at system calls: ${JSON.stringify(outcomes)}\n`);
  });
});
