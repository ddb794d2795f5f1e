import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { describeWith, program } from '../support/parts.ts';
import { root, useTemporaryFolders } from '../store/temporary-folder.ts';
import { codeOf, enrol, useFastFolders, wrongCode } from './totp-fixture.ts';
import { alice, noon, openTotp, stepMs } from './totp-home.ts';
import { type Counts, startSubmitter, type Submission } from './totp-submitter.ts';

const newFolder = useTemporaryFolders();
const newFastFolder = useFastFolders();
const crashes = Number(process.env['LATCHKEY_TOTP_CRASHES'] ?? 100);

function sum(counts: (Counts | undefined)[], kind: string): number {
  return counts.reduce((total, one) => total + (one?.[kind] ?? 0), 0);
}

describe('one code, many submissions', () => {
  test('100 at once in one process: one success', async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let round = 1; round <= 5; round += 1) {
      home.time += 2 * stepMs;
      const code = codeOf(key, home);
      const verdicts = await Promise.all(Array.from({ length: 100 }, () => home.totp.verify(alice, code)));
      const kinds = Object.groupBy(verdicts, ({ kind }) => kind);
      expect(kinds.accepted).toHaveLength(1);
      expect(kinds.replayed).toHaveLength(99);
    }
  });

  test('100 at once in each of two processes: one success', { timeout: 120_000 }, async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    for (let round = 1; round <= 3; round += 1) {
      home.time += 2 * stepMs;
      const submission = { folder: home.folder, time: home.time, times: 100, codes: [codeOf(key, home)] };
      const children = await Promise.all([startSubmitter(submission), startSubmitter(submission)]);
      const counts = await Promise.all(children.map(({ go }) => go()));
      expect(sum(counts, 'accepted')).toBe(1);
      expect(sum(counts, 'replayed')).toBe(199);
    }
  });

  test('a recovery code in two processes: one success', { timeout: 60_000 }, async () => {
    const home = openTotp(await newFolder());
    const { recovery } = await enrol(home);
    const submission = { folder: home.folder, time: home.time, times: 50, codes: recovery.slice(0, 1) };
    const children = await Promise.all([startSubmitter(submission), startSubmitter(submission)]);
    const counts = await Promise.all(children.map(({ go }) => go()));
    expect(sum(counts, 'accepted')).toBe(1);
    expect(sum(counts, 'accepted') + sum(counts, 'wrong') + sum(counts, 'locked')).toBe(100);
  });
});

test('wrong codes in two processes: ten answers together, then the lock', { timeout: 60_000 }, async () => {
  const home = openTotp(await newFolder());
  const { key } = await enrol(home);
  const submission = { folder: home.folder, time: home.time, times: 50, codes: [wrongCode(key, home)] };
  const children = await Promise.all([startSubmitter(submission), startSubmitter(submission)]);
  const counts = await Promise.all(children.map(({ go }) => go()));
  expect(sum(counts, 'wrong')).toBe(10);
  expect(sum(counts, 'locked')).toBe(90);
});

describe('killed between the acceptance and the answer', () => {
  test(`${crashes} times: never accepted again`, { timeout: crashes * 5_000 }, async () => {
    const home = openTotp(await newFolder());
    const { key } = await enrol(home);
    const after: Counts = {};
    for (let round = 1; round <= crashes; round += 1) {
      home.time += 2 * stepMs;
      const code = codeOf(key, home);
      const { go } = await startSubmitter({
        folder: home.folder,
        time: home.time,
        ending: 'die',
        codes: [code],
      });
      expect(await go()).toBeUndefined();
      const { kind } = await openTotp(home.folder, home.time).totp.verify(alice, code);
      after[kind] = (after[kind] ?? 0) + 1;
    }
    expect(after).toEqual({ replayed: crashes });
    process.stdout.write(`TOTP, killed before the answer: ${crashes} codes, none accepted a second time\n`);
  });

  test('a recovery code and the failures are counted as well', { timeout: 120_000 }, async () => {
    const home = openTotp(await newFolder());
    const { key, recovery } = await enrol(home);
    const wrong = wrongCode(key, home);
    for (const code of [recovery[0] ?? '', ...Array<string>(10).fill(wrong)]) {
      const { go } = await startSubmitter({
        folder: home.folder,
        time: home.time,
        ending: 'die',
        codes: [code],
      });
      expect(await go()).toBeUndefined();
    }
    expect(await openTotp(home.folder).totp.state(alice)).toMatchObject({
      recoveryCodesLeft: 9,
      lock: { until: noon + 15 * 60_000 },
    });
  });
});

const strace = program('strace', 'install the package strace');
const calls = ['openat', 'pwrite64', 'fsync', 'fdatasync', 'unlink', 'ftruncate', 'close'];
const faults = ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL'];

async function untilTraced(pid: number): Promise<void> {
  for (;;) {
    const tasks = await readdir(`/proc/${pid}/task`);
    const statuses = await Promise.all(
      tasks.map((task) => readFile(`/proc/${pid}/task/${task}/status`, 'utf8')),
    );
    if (statuses.every((status) => /^TracerPid:\t[1-9]/m.test(status))) return;
    await sleep(5);
  }
}

describeWith([root, strace], 'a fault at every system call of an acceptance', () => {
  /** Submits the code in a child that strace watches. */
  async function submit(submission: Submission, faults: string[]) {
    const { pid, go } = await startSubmitter(submission);
    const trace = join(submission.folder, 'trace');
    const options = ['-f', '-qqq', '-p', `${pid}`, '-o', trace];
    const tracer = spawn(strace.path ?? '', [...options, ...faults]);
    const tracerEnd = once(tracer, 'close');
    await untilTraced(pid);
    const answer = await go();
    await tracerEnd;
    return { answer, trace: await readFile(trace, 'utf8') };
  }

  test('told or not, a code is accepted once at most', { timeout: 600_000 }, async () => {
    const home = openTotp(await newFastFolder());
    const { key } = await enrol(home);
    const next = (): Submission => {
      home.time += 2 * stepMs;
      return { folder: home.folder, time: home.time, codes: [codeOf(key, home)] };
    };
    const outcomes: Counts = {};
    /** Submits a new code under the fault and then twice after a restart; returns what the child said. */
    async function round(faults: string[]): Promise<string> {
      const submission = next();
      const { answer } = await submit(submission, faults);
      const told = answer === undefined ? 'killed' : Object.keys(answer).join();
      const where = `${faults.join(' ')}: ${told}`;
      expect(['accepted', 'killed', 'mfa-unavailable'], where).toContain(told);

      const restarted = openTotp(home.folder, home.time);
      const first = await restarted.totp.verify(alice, submission.codes[0] ?? '');
      const again = await restarted.totp.verify(alice, submission.codes[0] ?? '');
      expect(['accepted', 'replayed'], where).toContain(first.kind);
      if (told === 'accepted') expect(first.kind, where).toBe('replayed');
      expect(again.kind, where).toBe('replayed');
      const outcome = `${told}, then ${first.kind}`;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      return told;
    }

    const clean = await submit(next(), [`--trace=${calls.join(',')}`]);
    expect(clean.answer).toEqual({ accepted: 1 });
    const counts = calls.map((call) => [call, clean.trace.split(`${call}(`).length - 1] as const);
    expect(Object.fromEntries(counts)).toMatchObject({ unlink: 1 });
    for (const [call, count] of counts) {
      for (let n = 1; n <= count; n += 1) {
        for (const fault of call === 'close' ? faults.slice(-1) : faults) {
          await round([`--trace=${call}`, `--inject=${call}:${fault}:when=${n}`]);
        }
      }
    }
    // SQLite shrugs off a folder that cannot be synced; the ledger itself does not.
    for (const call of ['fsync', 'openat']) {
      const onFolder = `--trace-path=${join(home.folder, 'mfa')}`;
      expect(await round([`--trace=${call}`, onFolder, `--inject=${call}:error=EIO`])).toBe(
        'mfa-unavailable',
      );
    }
    process.stdout.write(`TOTP, faults at system calls: ${JSON.stringify(outcomes)}\n`);
    expect(outcomes).toMatchObject({
      'killed, then accepted': expect.any(Number),
      'killed, then replayed': expect.any(Number),
      'mfa-unavailable, then accepted': expect.any(Number),
      'mfa-unavailable, then replayed': expect.any(Number),
    });
  });
});
