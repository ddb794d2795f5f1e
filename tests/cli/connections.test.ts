import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { fabrikam } from '../../main/demo/tenant/organisation.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { freePort } from '../support/free-port.ts';
import { createLatchkey, soon, startWorld } from '../support/latchkey.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startTdsServer } from '../support/tds-server.ts';
import { atTerminal, script } from '../support/terminal.ts';
import { useAll } from '../support/use-all.ts';

const ada = 'ada@fabrikam.example';

describeWith([parts.postgres, script], 'latchkey connection at a terminal', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));
  const connection = (...words: string[]) =>
    atTerminal([process.execPath, latchkey.program, 'connection', ...words], latchkey.commandLine.env);

  it('add asks for what is missing, and for the password of the role without an echo', async () => {
    await latchkey.signIn(ada);
    const { host, port } = world.postgres;
    // The port that is proposed may be the one of another Latchkey that starts beside this one.
    const local = String(await freePort());
    const upstream = ['--upstream-port', String(port), '--tls', 'off'];
    const terminal = connection('add', 'asked', '--port', local, ...upstream);
    await terminal.answer('Protocol (postgresql, mysql, sqlserver): ', 'postgresql\r');
    await terminal.answer('Host of the database server: ', `${host}\r`);
    await terminal.answer('Database: ', 'sales\r');
    await terminal.answer('Directory group (name or object id): ', 'data analysts\r');
    await terminal.answer('Role (database user): ', 'sales_readonly\r');
    await terminal.answer("Where the role's password comes from (stored, entra, none) [stored]: ", '\r');
    const password = world.passwords['sales-readonly'];
    await terminal.answer('Password of "sales_readonly" (Enter: later): ', `${password}\r`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.shown()).toContain(`Saved "asked" on port ${local}`);
    expect(terminal.shown()).toContain('Stored the password "asked-sales_readonly".');
    expect(terminal.shown()).not.toContain(password);
    const { connections } = await (await latchkey.client()).call('readConnections', {});
    expect(connections.find(({ name }) => name === 'asked')?.settings).toMatchObject({
      protocol: 'postgresql',
      upstream: { host, port, database: 'sales' },
      rules: [
        {
          group: fabrikam.groups.dataAnalysts,
          role: 'sales_readonly',
          password: { stored: 'asked-sales_readonly' },
        },
      ],
    });
  });

  it('add asks for nothing that is named, and takes no empty answer', async () => {
    const terminal = connection('add', 'half', '--protocol', 'mysql', '--host', 'db.fabrikam.example');
    await terminal.answer('Database: ', '\r');
    expect(await terminal.ended).toBe(2);
    expect(terminal.shown()).toContain('Nothing was entered.');
    expect(terminal.shown()).toContain('Give --database.');
    expect(terminal.shown()).not.toContain('Protocol');
  });

  it('Ctrl-C at a question writes nothing', async () => {
    const terminal = connection('add', 'left');
    await terminal.answer('Protocol', '\u0003');
    expect(await terminal.ended).not.toBe(0);
    const { connections } = await (await latchkey.client()).call('readConnections', {});
    expect(connections.map(({ name }) => name)).not.toContain('left');
  });
});

describeWith([parts.postgres], 'latchkey connection test', () => {
  const world = useAll(startWorld);
  const latchkey = useAll(() => createLatchkey(world));

  it('shows certificate, version and login of a SQL Server, and leaves no session there', async () => {
    const authority = await createTestAuthority();
    const { certPem, keyPem } = await authority.issue({ dns: ['localhost'] });
    const server = await startTdsServer({
      host: '127.0.0.1',
      logins: { reporting: 'a password of the server' },
      databases: ['sales'],
      tls: { cert: certPem, key: keyPem },
    });
    try {
      const caFile = join(dirname(latchkey.config), 'sqlserver-ca.pem');
      await writeFile(caFile, authority.caPem);
      const test = async (password: string, ...more: string[]) => {
        const words = ['connection', 'test', 'draft', '--protocol', 'sqlserver', '--host', 'localhost'];
        const place = ['--upstream-port', String(server.port), '--database', 'sales', '--role', 'reporting'];
        const ran = await latchkey.commandLine.run(
          [...words, ...place, ...more, '--password', '--json'],
          `${password}\n`,
        );
        return JSON.parse(ran.out) as {
          checks: { result: string; remedy?: string }[];
          facts?: { serverVersion?: string; encrypted: boolean; certificate?: { sha256: string } };
        };
      };
      const untrusted = await test('a password of the server');
      expect(untrusted.checks).toMatchObject([{ result: 'failed' }]);
      expect(untrusted.facts?.certificate?.sha256).toMatch(/^[0-9a-f]{64}$/);
      // What is not trusted has been sent nothing.
      expect(server.logins).toEqual([]);
      const good = await test('a password of the server', '--ca-file', caFile);
      expect(good.checks.map(({ result }) => result)).toEqual(['ok', 'ok']);
      expect(good.facts).toMatchObject({
        encrypted: true,
        serverVersion: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string,
        certificate: untrusted.facts?.certificate,
      });
      const wrong = await test('another', '--ca-file', caFile);
      expect(wrong.checks.map(({ result }) => result)).toEqual(['ok', 'failed']);
      await expect.poll(server.sessions, soon).toBe(0);
    } finally {
      await server.close();
    }
  });
});
