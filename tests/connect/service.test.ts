import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createConnectService, type HandleIssuer } from '../../main/connect/service.ts';
import { thisSystem } from '../../main/connect/tool-programs.ts';
import { toolsFor } from '../../main/connect/tools.ts';
import { connectSettings, connectTool } from '../../main/contract/shapes.ts';
import type { AppState } from '../../main/contract/state.ts';
import { handle } from './places.ts';

/** What the window gets, on a home of its own. */
let home: string;
let made: { connection: string; tool: string }[];
let revoked: string[];
let meanwhile: () => void;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'lk-service-')));
  vi.stubEnv('HOME', home);
  vi.stubEnv('PGSERVICEFILE', undefined);
  vi.stubEnv('PGPASSFILE', undefined);
  [made, revoked, meanwhile] = [[], [], () => undefined];
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true, force: true });
});

const connection = (name: string, protocol: 'postgresql' | 'mysql'): AppState['connections'][number] => ({
  name,
  title: name,
  protocol,
  host: '127.0.0.1',
  port: 6432,
  database: name,
  listener: { kind: 'listening' },
  ready: false,
  lacks: [],
  grants: [],
});
const account = {
  provider: 'entra',
  tenantId: 't',
  objectId: 'o',
  username: 'bruno@fabrikam.example',
  displayName: 'B',
};
const signedIn: AppState['accounts'][number] = {
  account,
  groups: [],
  groupsReadAt: '2026-11-25T00:00:00Z',
  since: '2026-11-25T00:00:00Z',
  until: '2026-11-25T08:00:00Z',
};
const issuer: HandleIssuer = {
  async make(request) {
    made.push(request);
    meanwhile();
    const { connection: database } = request;
    return { id: 'h1', handle, username: account.username, host: '127.0.0.1', port: 6432, database };
  },
  async revoke(id) {
    revoked.push(id);
  },
};
const service = (accounts: AppState['accounts'] = [signedIn]) =>
  createConnectService({
    state: () => ({
      connections: [connection('sales', 'postgresql'), connection('shop', 'mysql')],
      accounts,
    }),
    issuer,
    command: ['latchkey'],
    authorityFile: '/ca/latchkey-ca.pem',
  });

describe('the window', () => {
  it('is offered the tools of a protocol, in the form of the contract', async () => {
    const tools = connectTool.array().parse(await service().tools('sales'));
    expect(tools.map(({ id }) => id)).toEqual(expect.arrayContaining(['psql', 'dbeaver', 'python']));
    expect(tools.map(({ id }) => id)).not.toContain('mysql');
    expect(await service().tools('nowhere')).toEqual([]);
  });

  it('is offered nothing that this system cannot run', async () => {
    for (const protocol of ['postgresql', 'mysql', 'sqlserver'] as const) {
      const on = (system: 'linux' | 'darwin' | 'win32') => toolsFor(protocol, system).map(({ id }) => id);
      const onWindows = on('win32');
      expect(onWindows).toEqual(expect.arrayContaining(['excel', 'powerbi', 'tableau']));
      expect(on('darwin')).toEqual(onWindows.filter((id) => !['powerbi', 'ssms'].includes(id)));
      expect(on('linux')).toEqual(
        onWindows.filter((id) => !['excel', 'powerbi', 'tableau', 'ssms'].includes(id)),
      );
    }
    const here = toolsFor('postgresql', thisSystem()).map(({ id }) => id);
    expect((await service().tools('sales')).map(({ id }) => id)).toEqual(here);
  });

  it('is shown settings and texts without a password', async () => {
    for (const name of ['sales', 'shop']) {
      for (const { id } of await service().tools(name)) {
        const settings = connectSettings.parse(await service().settings(name, id));
        expect(JSON.stringify(settings)).not.toMatch(/lkh?_|\{\{/);
        for (const [index, { text }] of settings.texts.entries())
          expect(await service().text(name, id, index)).toBe(text);
      }
    }
    expect(made).toEqual([]);
    await expect(service().text('sales', 'psql', 99)).rejects.toMatchObject({ code: 'request-invalid' });
  });

  it('has the files of a tool written, with a handle made for them', async () => {
    const paths = await service().write('sales', 'psql');
    expect(paths).toEqual([join(home, '.pg_service.conf'), join(home, '.pgpass')]);
    expect(readFileSync(join(home, '.pgpass'), 'utf8')).toContain(handle);
    expect(made).toEqual([{ connection: 'sales', tool: 'psql' }]);
    expect(revoked).toEqual([]);
    expect((await service().settings('shop', 'mysql')).files).toEqual([
      { path: join(home, '.my.cnf'), note: expect.stringContaining('password that may be saved') as string },
    ]);
  });

  it('makes no handle where a file would be refused, and keeps none that reached no file', async () => {
    writeFileSync(join(home, '.pg_service.conf'), '[sales]\nhost=db.example\n');
    await expect(service().write('sales', 'psql')).rejects.toMatchObject({ code: 'request-invalid' });
    expect([made, revoked]).toEqual([[], []]);
    meanwhile = () => mkdirSync(join(home, '.my.cnf'));
    await expect(service().write('shop', 'mysql')).rejects.toMatchObject({ code: 'request-invalid' });
    expect(revoked).toEqual(['h1']);
  });

  it('is told what cannot be done', async () => {
    await expect(service().write('shop', 'workbench')).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(service().settings('nowhere', 'psql')).rejects.toMatchObject({ code: 'connection-unknown' });
    await expect(service().settings('sales', 'toad')).rejects.toMatchObject({ code: 'request-invalid' });
    await expect(service([]).settings('sales', 'psql')).rejects.toMatchObject({
      code: 'sign-in-required',
    });
    await expect(service().open('sales', 'psql')).rejects.toMatchObject({ code: 'command-failed' });
  });

  it('opens a tool that has a window', async () => {
    mkdirSync(join(home, 'bin'));
    writeFileSync(join(home, 'bin', 'dbeaver'), `#!/bin/sh\necho "$2" > '${home}/seen'\n`, { mode: 0o755 });
    vi.stubEnv('PATH', `${join(home, 'bin')}:${process.env['PATH']}`);
    expect(await service().settings('sales', 'dbeaver')).toMatchObject({ canOpen: true });
    await service().open('sales', 'dbeaver');
    await expect.poll(() => existsSync(join(home, 'seen')), { timeout: 30_000 }).toBe(true);
  });
});
