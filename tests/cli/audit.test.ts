import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { createLatchkey, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres], 'latchkey audit', () => {
  let file: string;
  let whole: string;

  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));
  beforeAll(async () => {
    await latchkey.signIn('ada@fabrikam.example');
    await latchkey.token('sales');
    await latchkey.token('payroll').catch(() => undefined);
    await latchkey.signOut();
    await latchkey.serve.stop();
    file = join(latchkey.home, 'audit', 'audit-000001.jsonl');
    whole = await readFile(file, 'utf8');
  });

  it('lists what happened, without a broker', async () => {
    const { code, out } = await latchkey.run('audit', 'list', '--json');
    const events = (JSON.parse(out) as { records: { event: string }[] }).records.map(({ event }) => event);
    expect(code).toBe(0);
    expect(events).toEqual([
      'broker-started',
      'administered',
      'secret-changed',
      'administered',
      'secret-changed',
      'administered',
      'secret-changed',
      'sign-in-started',
      'sign-in-succeeded',
      'token-issued',
      'token-refused',
      'token-revoked',
      'signed-out',
      'broker-stopped',
    ]);
    const last = await latchkey.run('audit', 'list', '--limit', '2');
    const lines = last.out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TIME +EVENT +WHO +WHAT$/);
    expect(lines.slice(1).map((line) => line.split(/ {2,}/)[1])).toEqual(events.slice(-2));
  });

  it('reads like a table, and is narrowed by time, event and person', async () => {
    const { out } = await latchkey.run('audit', 'list');
    const issued = out.split('\n').find((line) => line.includes('token-issued')) ?? '';
    expect(issued).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  token-issued +ada@fabrikam\.example +/);
    expect(issued).toContain('connection=sales');
    expect(out).not.toMatch(/prev|hash/);
    const events = async (...options: string[]): Promise<string[]> => {
      const listed = await latchkey.run('audit', 'list', '--json', ...options);
      expect(listed.code, listed.err).toBe(0);
      return (JSON.parse(listed.out) as { records: { event: string }[] }).records.map(({ event }) => event);
    };
    expect(await events('--event', 'token-refused')).toEqual(['token-refused']);
    expect(await events('--user', 'ADA@', '--event', 'token-issued')).toEqual(['token-issued']);
    expect(await events('--user', 'nobody@')).toEqual([]);
    expect(await events('--since', '1h')).toHaveLength(14);
    expect(await events('--since', '2999-01-01')).toEqual([]);
    // A name that is mistyped must not read as if nothing had happened.
    for (const command of [['list'], ['export', join(tmpdir(), 'lk-no-export')]])
      expect(await latchkey.run('audit', ...command, '--event', 'login-refuse')).toMatchObject({
        code: 2,
        out: '',
        err: expect.stringContaining('Did you mean "login-refused"?'),
      });
    expect(await latchkey.run('audit', 'list', '--since', 'yesterday')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"yesterday" is no time.'),
    });
  });

  it('is narrowed by what the window has too, and goes into a file as it stands', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-export-'));
    try {
      const path = join(folder, 'some.jsonl');
      const filter = ['--kind', 'tokens', '--connection', 'sales', '--text', 'ADA@'];
      const { code, out, err } = await latchkey.run('audit', 'export', path, '--json', ...filter);
      expect({ code, err, told: JSON.parse(out) as unknown }).toMatchObject({
        code: 0,
        err: '',
        told: { path, records: 2 },
      });
      expect(await readFile(path, 'utf8')).toBe(`${lines().slice(9, 10).join('')}\n${lines()[11]}\n`);
      expect((await latchkey.run('audit', 'list', '--refused')).out).toContain('token-refused');
      expect(await latchkey.run('audit', 'list', '--kind', 'everything')).toMatchObject({
        code: 2,
        err: expect.stringContaining('They are: sign-ins, logins, tokens'),
      });
      expect(await latchkey.run('audit', 'export', file)).toMatchObject({
        code: 2,
        err: expect.stringContaining('The folder of the audit takes no other files.'),
      });
      expect(await readFile(file, 'utf8')).toBe(whole);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('finds the record whole', async () => {
    expect(await latchkey.run('audit', 'verify')).toEqual({
      code: 0,
      out: 'The audit is whole: 14 records in 1 file.\n',
      err: '',
    });
    const { code, out } = await latchkey.run('audit', 'verify', '--json');
    expect({ code, verdict: JSON.parse(out) as unknown }).toMatchObject({
      code: 0,
      verdict: { ok: true, records: 14 },
    });
  });

  const lines = (): string[] => whole.trimEnd().split('\n');
  it.each([
    ['edited', 9, () => lines().with(8, (lines()[8] ?? '').replace('ada@', 'eve@'))],
    ['removed', 8, () => lines().toSpliced(7, 1)],
    ['added twice', 4, () => lines().toSpliced(3, 0, lines()[2] ?? '')],
    ['turned into rubbish', 3, () => lines().with(2, 'rubbish')],
    ['cut off at the end', 13, () => lines().slice(0, -2)],
  ])('names the place where a line was %s', async (_what, line, change) => {
    await writeFile(file, `${change().join('\n')}\n`);
    try {
      const { code, out, err } = await latchkey.run('audit', 'verify', '--json');
      expect(code).toBe(1);
      expect(err).toMatch(
        new RegExp(`^latchkey: The audit was changed: audit-000001\\.jsonl, line ${line}: `),
      );
      expect(err).toContain('Compare with a backup of the file');
      expect(JSON.parse(out)).toMatchObject({ ok: false, file: 'audit-000001.jsonl', line });
    } finally {
      await writeFile(file, whole);
    }
  });

  it('is gone on with after the damage, which stays on record', async () => {
    await writeFile(file, whole.replace('ada@', 'eve@'));
    await latchkey.serve.start();
    expect((await latchkey.audit('audit-repaired')).at(-1)).toMatchObject({ cause: 'chain-broken', line: 9 });
    expect(latchkey.serve.log()).toContain('The audit was damaged or changed at audit-000001.jsonl, line 9');
    expect((await latchkey.run('audit', 'verify')).code).toBe(1);
    // Here secrets are in memory only, so that nothing is signed and nothing may be taken away.
    const before = ['audit', 'prune', '--before', '1m'];
    expect(await latchkey.run(...before)).toMatchObject({ code: 3 });
    await latchkey.signIn('ada@fabrikam.example');
    expect(await latchkey.run(...before)).toMatchObject({
      code: 1,
      err: expect.stringContaining('no key that could sign a checkpoint'),
    });
    expect((await latchkey.run('audit', 'key')).out).toContain('The audit is not signed');
    await latchkey.token('sales');
  });
});
