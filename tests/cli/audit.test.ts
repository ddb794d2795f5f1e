import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createLatchkey, startWorld, type Latchkey, type World } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';

describeWith([parts.postgres], 'latchkey audit', () => {
  let world: World;
  let latchkey: Latchkey;
  let file: string;
  let whole: string;

  beforeAll(async () => {
    world = await startWorld();
    latchkey = await createLatchkey(world);
    await latchkey.signIn('ada@fabrikam.example');
    await latchkey.token('sales');
    await latchkey.token('payroll').catch(() => undefined);
    await latchkey.signOut();
    await latchkey.serve.stop();
    file = join(latchkey.home, 'audit', 'audit-000001.jsonl');
    whole = await readFile(file, 'utf8');
  });
  afterAll(async () => {
    await latchkey?.close();
    await world?.close();
  });

  it('lists what happened, without a broker', async () => {
    const { code, out } = await latchkey.run('audit', 'list', '--json');
    const events = (JSON.parse(out) as { event: string }[]).map(({ event }) => event);
    expect(code).toBe(0);
    expect(events).toEqual([
      'broker-started',
      'secret-changed',
      'secret-changed',
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
    expect(
      last.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { event: string }).event),
    ).toEqual(events.slice(-2));
  });

  it('finds the record whole', async () => {
    expect(await latchkey.run('audit', 'verify')).toEqual({
      code: 0,
      out: 'The audit is whole: 11 records in 1 file.\n',
      err: '',
    });
    const { code, out } = await latchkey.run('audit', 'verify', '--json');
    expect({ code, verdict: JSON.parse(out) as unknown }).toMatchObject({
      code: 0,
      verdict: { ok: true, records: 11 },
    });
  });

  const lines = (): string[] => whole.trimEnd().split('\n');
  it.each([
    ['edited', 6, () => lines().with(5, (lines()[5] ?? '').replace('ada@', 'eve@'))],
    ['removed', 8, () => lines().toSpliced(7, 1)],
    ['added twice', 4, () => lines().toSpliced(3, 0, lines()[2] ?? '')],
    ['turned into rubbish', 3, () => lines().with(2, 'rubbish')],
    ['cut off at the end', 10, () => lines().slice(0, -2)],
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
    expect((await latchkey.audit('audit-repaired')).at(-1)).toMatchObject({ cause: 'chain-broken', line: 6 });
    expect(latchkey.serve.log()).toContain('The audit was damaged or changed at audit-000001.jsonl, line 6');
    expect((await latchkey.run('audit', 'verify')).code).toBe(1);
    await latchkey.signIn('ada@fabrikam.example');
    await latchkey.token('sales');
  });
});
