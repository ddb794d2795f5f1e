import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect, createLatchkey, refusalOf, startWorld, type Latchkey } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { mounting, mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { useAll } from '../support/use-all.ts';

describeWith([parts.postgres, mounting], 'while the audit cannot be written', () => {
  let latchkey: Latchkey;
  let disk: SmallDisk;

  const world = useAll(startWorld);
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lk-'));
    disk = mountSmallDisk(join(folder, 'home', 'audit'), 256);
    latchkey = await createLatchkey(world, { folder });
    await latchkey.signIn('ada@fabrikam.example');
  });
  afterAll(async () => {
    await latchkey?.serve.stop();
    disk?.unmount();
    await latchkey?.close();
  });

  /**
   * The page that the last record is in has room for a few more, and where a long one no longer fits, a shorter one may.
   * @param token to log in with
   */
  async function fillToTheLastRecord(token: Parameters<typeof connect>[0]): Promise<void> {
    await disk.fill();
    for (let tries = 0; tries < 40; tries += 1) {
      // Refusals are limited; what is given and taken back is always on record.
      const given = await latchkey.token('sales').catch(() => undefined);
      if (given !== undefined)
        await (await latchkey.client()).post('/v1/tokens/revoke', { id: given.id }).catch(() => undefined);
      const entered = await connect(token).catch(() => undefined);
      await entered?.end();
      const { audit } = await latchkey.state();
      if (given === undefined && entered === undefined && audit.kind === 'failed') return;
    }
    throw new Error('the disk is never full');
  }

  const cannotBeWritten = expect.stringMatching(
    /^The audit in .*audit cannot be written because (the disk|there|no space).*\.$/,
  ) as string;

  it('nobody gets in and nobody signs in, everybody is told why, and it mends by itself', async () => {
    const token = await latchkey.token('sales');
    const open = await connect(token);
    await fillToTheLastRecord(token);

    const asked = performance.now();
    const refusal = await refusalOf(connect(token));
    expect(performance.now() - asked).toBeLessThan(1000);
    expect(refusal).toEqual({
      sqlState: '28000',
      message: cannotBeWritten,
      hint: expect.stringContaining('Until then no new access is given.') as string,
    });
    const { code, err } = await latchkey.run('token', 'sales');
    expect(code).toBe(1);
    expect(err).toMatch(/^latchkey: The audit in .* cannot be written/);
    expect((await latchkey.state()).tokens.map(({ id }) => id)).toEqual([token.id]);
    expect((await latchkey.run('status')).out).toMatch(
      /\nAUDIT NOT WRITTEN: The audit .*refused until it can be\./,
    );
    expect((await open.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    const login = await latchkey.run('login', '--again');
    expect(login).toMatchObject({ code: 1, err: expect.stringContaining('cannot be written') as string });

    await disk.free();
    await (await connect(token)).end();
    await latchkey.until(({ audit }) => audit.kind === 'writing');
    await open.end();
    expect((await latchkey.run('audit', 'verify')).code).toBe(0);
  });

  it('access can be ended all the same', async () => {
    const [first, second] = [await latchkey.token('sales'), await latchkey.token('sales')];
    const clients = [await connect(first), await connect(second)];
    await fillToTheLastRecord(second);
    expect(await latchkey.run('revoke', first.id)).toMatchObject({ code: 0, out: 'Revoked: 1\n' });
    await expect(clients[0]?.query('select 1')).rejects.toThrow();
    expect(await latchkey.run('logout')).toMatchObject({ code: 0 });
    await expect(clients[1]?.query('select 1')).rejects.toThrow();
    expect((await latchkey.state()).tokens).toEqual([]);
    await expect(latchkey.signIn('ada@fabrikam.example')).rejects.toThrow('audit-unwritable');

    await disk.free();
    await latchkey.signIn('ada@fabrikam.example');
    await sleep(100);
    expect((await latchkey.run('audit', 'verify')).code).toBe(0);
  });

  it('serve does not start, and says why', async () => {
    await latchkey.serve.stop();
    disk.remount('ro');
    const { code, err } = await latchkey.run('serve');
    disk.remount('rw');
    expect(code).toBe(1);
    expect(err).toMatch(/^latchkey: The audit in .* cannot be written because .*\n {2}.*Until then/);
    await latchkey.serve.start();
  });
});
