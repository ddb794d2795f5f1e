import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, test } from 'vitest';
import { openHome } from '../../main/store/home.ts';
import { buildProgram } from '../support/builds.ts';
import { describeWith } from '../support/parts.ts';
import { root, useTemporaryFolders } from './temporary-folder.ts';

const newFolder = useTemporaryFolders();

describe('the folder', () => {
  test('is created closed to others, with its subfolders', async () => {
    const path = join(await newFolder(), 'state', 'latchkey');
    const home = await openHome(path);
    expect(home).toMatchObject({
      path,
      audit: join(path, 'audit'),
      sealed: join(path, 'sealed'),
      run: join(path, 'run'),
    });
    for (const folder of [home.path, home.audit, home.sealed, home.log, home.run]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    }
    await home.close();
  });

  test('loses the temporary files of a crash', async () => {
    const path = await newFolder();
    await writeFile(join(path, '.state.json.0123456789abcdef.latchkey-tmp'), 'half');
    const home = await openHome(path);
    expect((await readdir(path)).toSorted()).toEqual(['audit', 'log', 'run', 'sealed']);
    await home.close();
  });

  test.each([0o770, 0o707, 0o777])('is refused where others can write (mode %o)', async (mode) => {
    const path = await newFolder();
    await chmod(path, mode);
    await expect(openHome(path)).rejects.toMatchObject({
      code: 'home-unusable',
      message: expect.stringContaining(path),
      remedy: `If nobody else uses this folder, close it with: chmod 700 '${path}'; else name another one with --home.`,
    });
  });

  test('is refused where a subfolder can be read by others', async () => {
    const path = await newFolder();
    await mkdir(join(path, 'sealed'));
    await chmod(join(path, 'sealed'), 0o750);
    await expect(openHome(path)).rejects.toMatchObject({ code: 'home-unusable' });
  });

  test('is refused where it is a file, or a link that leads nowhere', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'file'), '');
    await symlink(join(folder, 'nowhere', 'deeper'), join(folder, 'link'));
    await expect(openHome(join(folder, 'file'))).rejects.toMatchObject({ code: 'home-unusable' });
    await expect(openHome(join(folder, 'file', 'below'))).rejects.toMatchObject({ code: 'home-unusable' });
    await expect(openHome(join(folder, 'link'))).rejects.toMatchObject({ code: 'home-unusable' });
  });
});

describeWith([root], 'a folder of another user', () => {
  test('is refused, naming the owner', async () => {
    const path = await newFolder();
    await chown(path, 12_345, 12_345);
    await expect(openHome(path)).rejects.toMatchObject({
      code: 'home-unusable',
      message: expect.stringContaining('uid 12345'),
    });
  });
});

describe('the lock', () => {
  const children = new Set<ChildProcess>();
  afterEach(() => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
  });

  /** A process that is ready to open the home and does so at `go`. */
  async function contender(path: string) {
    const child = spawn(process.execPath, [await buildProgram('store/home-child.ts'), path], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.add(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe('ready');
    return {
      pid: child.pid ?? 0,
      async go(): Promise<string> {
        child.stdin.write('go\n');
        return (await lines.next()).value ?? '';
      },
      async end(how: 'kill' | 'leave'): Promise<void> {
        const exit = once(child, 'exit');
        if (how === 'kill') child.kill('SIGKILL');
        else child.stdin.end();
        if (child.exitCode === null) await exit;
        children.delete(child);
      },
    };
  }

  test('keeps a second one in the same process out, and lets it in after close', async () => {
    const path = await newFolder();
    const first = await openHome(path);
    await expect(openHome(path)).rejects.toMatchObject({
      code: 'home-in-use',
      message: `Another Latchkey (pid ${process.pid}) is running on ${path}.`,
    });
    // A refused try must not have taken the lock from the first one.
    const other = await contender(path);
    expect(JSON.parse(await other.go())).toMatchObject({ code: 'home-in-use' });
    await other.end('leave');
    await first.close();
    await first.close();
    await (await openHome(path)).close();
  });

  test('of a killed process stops nobody, even if its pid lives on as another process', async () => {
    const path = await newFolder();
    const first = await contender(path);
    expect(await first.go()).toBe('open');
    await expect(openHome(path)).rejects.toMatchObject({
      message: expect.stringContaining(`pid ${first.pid}`),
    });
    await first.end('kill');
    await writeFile(join(path, 'run', 'owner.json'), JSON.stringify({ pid: process.ppid }));
    await (await openHome(path)).close();
  });

  test(
    'goes to exactly one of several that start at once, after each way to end',
    { timeout: 120_000 },
    async () => {
      const path = await newFolder();
      for (let round = 0; round < 10; round += 1) {
        const contenders = await Promise.all(Array.from({ length: 4 }, () => contender(path)));
        const answers = await Promise.all(contenders.map((each) => each.go()));
        const winners = contenders.filter((_, n) => answers[n] === 'open');
        expect(winners, JSON.stringify(answers)).toHaveLength(1);
        for (const answer of answers.filter((each) => each !== 'open')) {
          expect(JSON.parse(answer)).toMatchObject({ code: 'home-in-use' });
        }
        const how = round % 2 === 0 ? 'kill' : 'leave';
        await Promise.all(contenders.map((each) => each.end(winners.includes(each) ? how : 'leave')));
      }
    },
  );
});
