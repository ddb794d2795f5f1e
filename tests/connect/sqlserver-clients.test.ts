import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { fill } from '../../main/connect/fill.ts';
import { settingsFor } from '../../main/connect/tools.ts';
import type { Place, Settings, ToolId } from '../../main/connect/types.ts';
import { createTestAuthority } from '../support/certificates.ts';
import { describeWith } from '../support/parts.ts';
import { startTdsServer, type TdsServer } from '../support/tds-server.ts';
import { handle, place, writeFiles, writeTokenCommand } from './places.ts';
import { readers } from './readers.ts';
import { clients, isql, runClient, runNode, runPython } from './run-client.ts';

const usual = { username: 'bruno@fabrikam.example', database: 'sales' };
const awkward = { username: `we:ird u"s'er =%41`, database: `d{b} 'x' =&?%` };

/** The server is the stand-in of the tests: SQL Server itself cannot be had here. */
describeWith(
  [readers.python, clients.isql, clients.freetdsOdbc, clients.tsql, clients.script],
  'real clients read the settings for SQL Server',
  () => {
    let server: TdsServer;
    let encrypted: TdsServer;
    let folder: string;
    let home: string;
    let authorityFile: string;

    beforeAll(async () => {
      const logins = { [usual.username]: handle, [awkward.username]: handle };
      const databases = [usual.database, awkward.database];
      const authority = await createTestAuthority();
      const { certPem, keyPem } = await authority.issue({ dns: ['localhost'], ip: ['127.0.0.1'] });
      folder = mkdtempSync(join(tmpdir(), 'lk-authority-'));
      authorityFile = join(folder, 'authority.pem');
      writeFileSync(authorityFile, authority.caPem);
      server = await startTdsServer({ logins, databases });
      encrypted = await startTdsServer({ logins, databases, tls: { cert: certPem, key: keyPem } });
    });
    afterAll(async () => {
      await Promise.all([server?.close(), encrypted?.close()]);
      rmSync(folder, { recursive: true, force: true });
    });
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'lk-home-'));
      return () => rmSync(home, { recursive: true, force: true });
    });

    const settings = (tool: ToolId, names: typeof usual, changes: Partial<Place> = {}): Settings =>
      settingsFor(
        tool,
        place('sqlserver', { ...names, port: server.port, odbcDrivers: ['FreeTDS'], ...changes }),
      );
    const seen = (at: TdsServer): Record<string, unknown> => {
      const { user, password, database, encrypted } = at.logins.at(-1) ?? {};
      return { user, password, database, encrypted };
    };
    const expected = ({ username, database }: typeof usual, encrypted = false): Record<string, unknown> => ({
      user: username,
      password: handle,
      database,
      encrypted,
    });

    it.each([usual, awkward])('FreeTDS ODBC: a data source: $username', async (names) => {
      writeFiles(settings('odbc', names), home, handle);
      expect(await isql(home, ['sales', names.username, handle], 'select 7')).toBe('7');
      expect(seen(server)).toEqual(expected(names));
    });

    it('refuses what FreeTDS would take for a Windows domain', () => {
      for (const tool of ['freetds', 'odbc', 'python'] as const) {
        expect(() => settings(tool, { ...usual, username: 'fabrikam\\bruno' })).toThrow(
          expect.objectContaining({ code: 'request-invalid' }) as Error,
        );
      }
    });

    it.each([usual, awkward])('FreeTDS ODBC: a connection string: $username', async (names) => {
      const text = settings('odbc', names).texts.find(({ label }) => label.endsWith('FreeTDS'))?.text ?? '';
      expect(await isql(home, ['-k', fill(text, handle)], 'select 7')).toBe('7');
      expect(seen(server)).toEqual(expected(names));
    });

    it.each([usual, awkward])('tsql: a server of freetds.conf, and the command: $username', async (names) => {
      const { files, texts } = settings('freetds', names);
      writeFiles({ files } as Settings, home, handle);
      expect(await askedAtTerminal(texts[0]?.text ?? '')).toMatch(/^7\s*$/m);
      expect(seen(server)).toEqual(expected(names));
    });

    it('tsql: with an authority, over TLS that it checks', async () => {
      const args = ['-S', 'sales', '-U', usual.username, '-P', handle];
      const changes = { port: encrypted.port, authorityFile };
      writeFiles(settings('freetds', usual, changes), home, handle);
      const ran = await runClient(clients.tsql, args, { home, input: 'select 7\ngo\nexit\n' });
      expect(ran.out).toMatch(/^7\s*$/m);
      expect(seen(encrypted)).toEqual(expected(usual, true));
      const before = encrypted.logins.length;
      const stranger = join(home, 'stranger.pem');
      writeFileSync(stranger, (await createTestAuthority()).caPem);
      writeFiles(settings('freetds', usual, { ...changes, authorityFile: stranger }), home, handle);
      const refused = await runClient(clients.tsql, args, { home, input: 'exit\n' });
      expect(refused.code).not.toBe(0);
      expect(encrypted.logins.length).toBe(before);
    });

    it('FreeTDS ODBC: with an authority, over TLS that it checks', async () => {
      const changes = { port: encrypted.port, authorityFile };
      writeFiles(settings('odbc', usual, changes), home, handle);
      expect(await isql(home, ['sales', usual.username, handle], 'select 7')).toBe('7');
      expect(seen(encrypted)).toEqual(expected(usual, true));
      const before = encrypted.logins.length;
      const stranger = join(home, 'stranger.pem');
      writeFileSync(stranger, (await createTestAuthority()).caPem);
      writeFiles(settings('odbc', usual, { ...changes, authorityFile: stranger }), home, handle);
      const args = ['sales', usual.username, handle, '-b', '-v'];
      const refused = await runClient(clients.isql, args, { home, input: 'select 7\n' });
      expect(refused.code).not.toBe(0);
      expect(encrypted.logins.length).toBe(before);
    });

    describeWith([clients.pytds], 'python-tds', () => {
      it('with an authority, over TLS that it checks', async () => {
        const changes = {
          command: writeTokenCommand(home, handle),
          role: 'reader',
          port: encrypted.port,
          authorityFile,
        };
        const text = settings('python', usual, changes).texts[1]?.text ?? '';
        expect(await runPython(home, text, 'select 7')).toBe('7');
        expect(seen(encrypted)).toEqual(expected(usual, true));
        const stranger = join(home, 'stranger.pem');
        writeFileSync(stranger, (await createTestAuthority()).caPem);
        const before = encrypted.logins.length;
        const other = settings('python', usual, { ...changes, authorityFile: stranger }).texts[1]?.text ?? '';
        await expect(runPython(home, other, 'select 7')).rejects.toThrow();
        expect(encrypted.logins.length).toBe(before);
      });
    });

    it.each([usual, awkward])('Python and Node.js: $username', async (names) => {
      const changes = { command: writeTokenCommand(home, handle), role: 'reader' };
      const python = settings('python', names, changes).texts[0]?.text ?? '';
      expect(await runPython(home, python, 'select 7')).toBe('7');
      expect(seen(server)).toEqual(expected(names));
      expect(await runNode(home, nodeText(names, changes), askSeven)).toBe('7');
      expect(seen(server)).toEqual(expected(names));
    });

    it('Node.js: with an authority, over TLS that it checks', async () => {
      const changes = {
        command: writeTokenCommand(home, handle),
        role: 'reader',
        port: encrypted.port,
        authorityFile,
      };
      expect(await runNode(home, nodeText(usual, changes), askSeven)).toBe('7');
      expect(seen(encrypted)).toEqual(expected(usual, true));
    });

    /** tsql throws away what was typed before it asks, at a terminal, which is `script` here. */
    const askedAtTerminal = async (command: string): Promise<string> => {
      const child = spawn(clients.script.path ?? 'script', ['-qec', command, '/dev/null'], {
        env: {
          PATH: process.env['PATH'],
          HOME: home,
          LC_ALL: 'C.UTF-8',
          FREETDSCONF: join(home, '.freetds.conf'),
        },
        timeout: 60_000,
      });
      let shown = '';
      let asked = false;
      const answer = setInterval(() => {
        if (shown.includes('Password:') && !shown.includes('locale is')) child.stdin.write(`${handle}\n`);
      }, 500);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
        if (asked || !shown.includes('1> ')) return;
        asked = true;
        child.stdin.write('select 7\ngo\nexit\n');
      });
      child.stdin.on('error', () => undefined);
      await once(child, 'close');
      clearInterval(answer);
      return shown;
    };
    const nodeText = (names: typeof usual, changes: Partial<Place>): string =>
      settings('node', names, changes).texts[0]?.text ?? '';
    const askSeven = `
import { Request } from 'tedious';
const connection = await connect();
const request = new Request('select 7', (error) => {
  if (error) throw error;
  connection.close();
});
request.on('row', ([column]) => console.log(column.value));
connection.execSqlBatch(request);
`;
  },
);
