import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLog, logFileName, redacted } from '../../main/log/log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lk-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const text = (name = logFileName): Promise<string> => readFile(join(folder, name), 'utf8');

test('entries go to stderr and, from the start on, to a file that is nobody else’s', async () => {
  const shown: string[] = [];
  const log = createLog({ stderr: { write: (line) => shown.push(line) } });
  log.write('before the home is known');
  await writeFile(join(folder, logFileName), 'of an earlier run\n', { mode: 0o644 });
  log.open(folder);
  log.write('a fault\nwith its stack', 'error');
  log.note('for the file alone');
  log.close();
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
  expect(await text()).toMatch(
    new RegExp(
      `^of an earlier run\n${time} warn  before the home is known\n${time} error a fault\n    with its stack\n${time} info  for the file alone\n$`,
    ),
  );
  expect(shown).toHaveLength(2);
  if (process.platform !== 'win32') expect((await stat(join(folder, logFileName))).mode & 0o777).toBe(0o600);
});

test('a long file is put aside; five are kept', async () => {
  const log = createLog({ stderr: { write: () => true }, maxBytes: 500 });
  log.open(folder);
  for (let entry = 1; entry <= 60; entry += 1) log.write(`entry ${entry} ${'.'.repeat(60)}`);
  log.close();
  expect((await readdir(folder)).toSorted()).toEqual(
    ['', '.1', '.2', '.3', '.4'].map((suffix) => `${logFileName}${suffix}`),
  );
  for (const name of await readdir(folder)) {
    const { size, mode } = await stat(join(folder, name));
    expect(size).toBeLessThanOrEqual(500);
    expect(mode & 0o077).toBe(0);
  }
  expect(await text()).toContain('entry 60 ');
});

test('neither a reader that has gone nor a folder that has gone is an error', async () => {
  const log = createLog({
    stderr: {
      write() {
        throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      },
    },
  });
  log.open(join(folder, 'nowhere'));
  log.write('lost');
  log.close();
  log.open(folder);
  log.write('found');
  log.close();
  expect(await text()).toContain('found');
});

test.each([
  ['token lk_0123456789abcdefghijABCDEFGHIJ0123456789abcdefg is wrong', 'token lk_… is wrong'],
  ['handle lkh_0123456789abcdefghij', 'handle lkh_…'],
  ['got eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.c2ln', 'got (token)'],
  ['authorization: Bearer abc.def-ghi', 'authorization: Bearer …'],
  [
    'GET https://login.example/t/authorize?code=0.AX&state=1 failed',
    'GET https://login.example/t/authorize?… failed',
  ],
  ['proxy http://ada:hunter2@proxy.example:3128', 'proxy http://…@proxy.example:3128'],
  [`{ password: 'hunter2', client_secret: "x y" }`, '{ password: …, client_secret: … }'],
  ['PGPASSWORD=hunter2 psql', 'PGPASSWORD=… psql'],
  ['key GmFyZ3VtZW50IHdpdGggYSBsb25nIHNlY3JldCBpbnNpZGU=', 'key (…)'],
  ['\u001b[31mred\u202e\r\nof two lines', '\u{fffd}[31mred\u{fffd}\n    of two lines'],
])('%j is written as %j', (before, after) => {
  expect(redacted(before)).toBe(after);
});

test('what helps to find a fault stays', () => {
  const error =
    "Error: listen EADDRINUSE: address already in use 127.0.0.1:6432\n    at Server.listen (node:net:1940:16) {\n  code: 'EADDRINUSE',\n  port: 6432\n}";
  expect(redacted(error)).toBe(error.replaceAll('\n', '\n    '));
});
