import { expect, test } from 'vitest';
import { describeWith } from '../../support/parts.ts';
import { numberHash } from '../../support/tds-server-sql.ts';
import { useAll } from '../../support/use-all.ts';
import { type TediousTarget, bsqldb, clientParts, isql, jtds, pymssql, pytds, tsql } from './drivers.ts';
import { type Way, inside, startWays, unencrypted } from './ways.ts';

const all = useAll(startWays);

const sentence = 'This token is not known. Copy a new one.';
const wrongToken = (way: Way): TediousTarget => ({ ...all.to(way), password: 'lk_wrong' });

describeWith([clientParts.tsql, clientParts.bsqldb], 'FreeTDS', () => {
  test.each(inside)('tsql, bsqldb and %s', async (way) => {
    const result = await tsql(all.to(way), ['select 42', "select 'Grüße'", 'select suser_sname()']);
    expect(result.stdout.match(/^(42|Grüße|reporting)$/gm)).toEqual(['42', 'Grüße', 'reporting']);
    const rows = await bsqldb(all.to(way), 'select * from numbers(3000)');
    const hashes = rows.stdout.split(/\s+/).filter((word) => /^[0-9a-f]{32}$/.test(word));
    expect(hashes).toEqual(Array.from({ length: 3000 }, (_, i) => numberHash(i + 1)));
  });

  test('with versions 7.1 to 7.3 of the protocol, which write some things otherwise', async () => {
    for (const tdsVersion of ['7.1', '7.2', '7.3']) {
      for (const way of unencrypted) {
        const result = await tsql({ ...all.to(way), tdsVersion }, ['select 42', 'select suser_sname()']);
        expect(result.stdout.match(/^(42|reporting)$/gm)).toEqual(['42', 'reporting']);
      }
      const { stdout, stderr } = await tsql({ ...wrongToken('a gateway'), tdsVersion }, ['select 1']);
      expect(stdout + stderr).toContain(sentence);
    }
  });

  test('a wrong token', async () => {
    const way = 'a gateway with encryption on both sides';
    const { stdout, stderr } = await tsql(wrongToken(way), ['select 1']);
    expect(stdout + stderr).toContain('Msg 18456 (severity 14, state 1)');
    expect(stdout + stderr).toContain(sentence);
  });
});

describeWith([clientParts.isql], 'unixODBC with the driver of FreeTDS', () => {
  test.each(inside)('and %s', async (way) => {
    const result = await isql(all.to(way), "select 'over ODBC'");
    expect(result.stdout).toContain('| over ODBC');
  });
  test('a wrong token', async () => {
    const { stdout, stderr } = await isql(wrongToken('a gateway'), 'select 1');
    expect(stdout + stderr).toContain(sentence);
  });
});

describeWith([clientParts.pymssql], 'pymssql', () => {
  test.each(unencrypted)('and %s', async (way) => {
    const result = await pymssql(all.to(way), [
      'cursor.execute("select %s", ("Grüße",))',
      'print(cursor.fetchall())',
      'cursor.execute("select * from numbers(2000)")',
      'print(cursor.fetchall()[-1])',
      'cursor.execute("select @@trancount")',
      'print(cursor.fetchall())',
      'connection.rollback()',
    ]);
    expect(result).toEqual({
      code: 0,
      stdout: `[('Grüße',)]\n(2000, '${numberHash(2000)}')\n[(1,)]\n`,
      stderr: '',
    });
  });
  test('a wrong token', async () => {
    expect((await pymssql(wrongToken('a gateway'), [])).stderr).toContain(sentence);
  });
});

describeWith([clientParts.pytds], 'pytds', () => {
  test.each(inside)('and %s', async (way) => {
    const result = await pytds(all.to(way), [
      'cursor.execute("select \'Grüße\'")',
      'print(cursor.fetchall())',
      'cursor.execute("select * from numbers(2000)")',
      'print(cursor.fetchall()[-1])',
    ]);
    expect(result).toEqual({ code: 0, stdout: `[('Grüße',)]\n(2000, '${numberHash(2000)}')\n`, stderr: '' });
  });
  test('a wrong token', async () => {
    expect((await pytds(wrongToken('a gateway'), [])).stderr).toContain(sentence);
  });
});

describeWith([clientParts.java, clientParts.jtds], 'jTDS, which logs in without PRELOGIN', () => {
  test('and the stand-in, and gateways, plain and encrypted', async () => {
    const lines = await jtds([
      [all.to('the stand-in'), ''],
      [all.to('the stand-in, encrypted'), ';ssl=require'],
      [all.to('a gateway'), ''],
      [all.to('a gateway'), ';TDS=7.0'],
      [all.to('a gateway with encryption to the upstream only'), ''],
      [all.to('a gateway with encryption on both sides'), ';ssl=request'],
      [all.to('a gateway with encryption on both sides'), ';ssl=require'],
      [wrongToken('a gateway'), ''],
    ]);
    const good = `reporting 3000 ${numberHash(3000)}`;
    expect(lines).toEqual([...Array.from({ length: 7 }, () => good), `18456 ${sentence}`]);
    // What the stand-in saw of it when it was asked directly.
    expect(all.plainServer.logins.find(({ program }) => program === 'jTDS')?.prelogin).toBeUndefined();
  });
});
