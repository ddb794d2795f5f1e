import { describe, expect, it } from 'vitest';
import { inTheWay, without } from '../../main/connect/client-variables.ts';
import { clientCommand } from '../../main/connect/client-command.ts';

const place = { host: '127.0.0.1', port: 15_432, username: 'ada@fabrikam.example', database: 'sales' };

describe('the line that is printed', () => {
  it('says what variables and files could say otherwise', () => {
    expect(clientCommand('postgresql', place, 'linux')).toBe(
      'psql "host=127.0.0.1 hostaddr=127.0.0.1 port=15432 user=ada@fabrikam.example dbname=sales ' +
        `sslrootcert='' sslmode=disable sslcrl=/dev/null/none gssencmode=disable channel_binding=prefer target_session_attrs=any"`,
    );
    expect(clientCommand('postgresql', { ...place, authorityFile: '/ca.pem' }, 'linux')).toContain(
      'host=localhost hostaddr=127.0.0.1 port=15432 user=ada@fabrikam.example dbname=sales sslrootcert=/ca.pem sslmode=verify-full',
    );
    expect(clientCommand('mysql', place, 'linux')).toBe(
      'mysql --no-defaults --protocol=tcp --host=127.0.0.1 --port=15432 --user=ada@fabrikam.example --password sales',
    );
    expect(clientCommand('sqlserver', place, 'linux')).toBe(
      'sqlcmd -S tcp:127.0.0.1,15432 -d sales -U ada@fabrikam.example',
    );
  });

  it('keeps hostile names inside their quotes', () => {
    const username = `a'b" $(id) \`x\` \\ !!`;
    expect(clientCommand('postgresql', { ...place, username }, 'linux')).toContain(
      String.raw`user='\''a'\\''\''b" $(id) ${'`x`'} '\\''\\' !!'\''`,
    );
    expect(clientCommand('mysql', { ...place, username: 'ana!lee' }, 'linux')).toContain(`'--user=ana!lee'`);
  });

  it('is one for cmd.exe on Windows', () => {
    expect(clientCommand('mysql', { ...place, username: 'ana lee' }, 'win32')).toContain('"--user=ana lee"');
    expect(clientCommand('mysql', { ...place, username: '50% lee' }, 'win32')).toContain('--user=50% lee');
  });
});

describe('variables', () => {
  it('that no parameter beats are named', () => {
    const environment = { PGSERVICE: 'other', PGSSLMODE: 'require', PGREQUIREAUTH: '', TDSHOST: 'x' };
    expect(inTheWay('postgresql', 'parameters', environment)).toEqual(['PGSERVICE']);
    expect(inTheWay('postgresql', 'files', { ...environment, PGHOSTADDR: '127.0.0.9' })).toEqual([
      'PGHOSTADDR',
    ]);
    expect(inTheWay('sqlserver', 'parameters', environment)).toEqual(['TDSHOST']);
  });

  it('are left out by name, whatever their case on Windows', () => {
    const environment = { PgHostAddr: 'a', PGHOST: 'b', PATH: 'c' };
    expect(without(['PGHOST', 'PGHOSTADDR'], environment, 'linux')).toEqual({ PgHostAddr: 'a', PATH: 'c' });
    expect(without(['PGHOST', 'PGHOSTADDR'], environment, 'win32')).toEqual({ PATH: 'c' });
  });
});
