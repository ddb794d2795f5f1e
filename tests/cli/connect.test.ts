import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { buildCommand } from '../support/builds.ts';
import { describeWith, parts } from '../support/parts.ts';
import { startPostgres, type PostgresServer } from '../support/postgres.ts';
import { startConnectBroker, type ConnectBroker } from './connect-broker.ts';

const program = await buildCommand();

/** A person's home, with Latchkey's own folder in it. */
let person: string;
let home: string;
let broker: ConnectBroker;
let databasePort = 6432;
const outside = mkdtempSync(join(tmpdir(), 'lk-outside-'));
afterAll(() => rmSync(outside, { recursive: true, force: true }));

beforeEach(async () => {
  person = realpathSync(mkdtempSync(join(tmpdir(), 'lk-person-')));
  home = join(person, 'latchkey');
  broker = await startConnectBroker(home, databasePort);
  return async () => {
    await broker.close();
    rmSync(person, { recursive: true, force: true });
  };
});

async function connect(args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program, '--home', home, 'connect', ...args], {
    env: {
      PATH: process.env['PATH'],
      HOME: person,
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, out, err };
}

const at = (path: string): string => join(person, path);
const read = (path: string): string => readFileSync(at(path), 'utf8');
const modeOf = (path: string): number => statSync(at(path)).mode & 0o777;
/** Every file below the home, with what is in it, apart from Latchkey's own. */
function everyFile(): string {
  return readdirSync(person, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(home))
    .map(({ name, parentPath }) => `${name}\n${readFileSync(join(parentPath, name), 'latin1')}`)
    .join('\n');
}

describe('without an option', () => {
  it('shows the settings, and issues and writes nothing', async () => {
    const { code, out, err } = await connect(['sales', '--for', 'psql']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('psql service=sales');
    expect(out).toContain('127.0.0.1:6432:sales:bruno@fabrikam.example:<password>');
    expect(out).toContain('--show-password');
    expect(out).not.toMatch(/lkh?_|\{\{/);
    expect(broker.asked).toEqual([]);
    expect(everyFile()).toBe('');
  });

  it('prints JSON with the placeholder', async () => {
    const { out } = await connect(['shop', '--for', 'mysql', '--json']);
    expect(JSON.parse(out)).toMatchObject({
      tool: 'mysql',
      needs: 'handle',
      fields: expect.arrayContaining([{ label: 'Password', value: '{{password}}', secret: true }]) as unknown,
      written: [],
    });
    expect(broker.asked).toEqual([]);
  });

  it('gives a tool that runs a command the one of this installation', async () => {
    const { out } = await connect(['sales', '--for', 'pgadmin', '--role', 'reader', '--json']);
    const { fields } = JSON.parse(out) as { fields: { label: string; value: string }[] };
    const command = fields.find(({ label }) => label === 'Password exec command')?.value ?? '';
    expect(command).toBe(`${process.execPath} ${program} --home ${home} token sales --role reader`);
  });

  it('names the certificate authority of this installation to clients, where there is one', async () => {
    mkdirSync(join(home, 'certificates'));
    writeFileSync(join(home, 'certificates', 'latchkey-ca.pem'), 'x');
    const { out } = await connect(['shop', '--for', 'mysql']);
    expect(out).toContain(`ssl-ca="${join(home, 'certificates', 'latchkey-ca.pem')}"`);
    expect((await connect(['sales', '--for', 'psql'])).out).toContain('latchkey-ca.pem');
  });
});

describe('--show-password', () => {
  it('issues one and prints it', async () => {
    const { code, out } = await connect(['shop', '--for', 'workbench', '--show-password']);
    expect(code).toBe(0);
    expect(out).toContain(broker.handle);
    expect(broker.asked).toEqual([
      { route: 'POST /v1/handles', body: { connection: 'shop', tool: 'workbench' } },
    ]);
    expect(everyFile()).toBe('');
  });

  it('is refused where the tool saves none', async () => {
    const { code, err } = await connect(['sales', '--for', 'pgadmin', '--show-password']);
    expect({ code, asked: broker.asked }).toEqual({ code: 2, asked: [] });
    expect(err).toContain('saves no password');
  });
});

describe('--write', () => {
  it('puts the password into files that only the person can read, and shows it nowhere', async () => {
    const { code, out, err } = await connect(['sales', '--for', 'psql', '--write', '--role', 'reader']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).not.toContain(broker.handle);
    expect(out).toContain(`Written: ${at('.pgpass')}`);
    expect(read('.pgpass')).toBe(`127.0.0.1:6432:sales:bruno@fabrikam.example:${broker.handle}\n`);
    expect([modeOf('.pgpass'), modeOf('.pg_service.conf')]).toEqual([0o600, 0o600]);
    expect(broker.asked).toEqual([
      { route: 'POST /v1/handles', body: { connection: 'sales', tool: 'psql', role: 'reader' } },
    ]);
    expect(existsSync(at('.pgpass.before-latchkey'))).toBe(false);
  });

  it('keeps what is there, once more beside it, and narrows who may read it', async () => {
    writeFileSync(at('.my.cnf'), '[client]\nuser=me\npassword=hunter2\n', { mode: 0o644 });
    const first = await connect(['shop', '--for', 'mysql', '--write']);
    expect(first.code).toBe(0);
    expect(first.out).toContain(`as it was before: ${at('.my.cnf.before-latchkey')}`);
    expect(first.out).not.toContain('hunter2');
    expect(read('.my.cnf')).toMatch(/^\[client\]\nuser=me\npassword=hunter2\n\n\[client_shop\]\n/);
    expect(modeOf('.my.cnf')).toBe(0o600);
    expect(modeOf('.my.cnf.before-latchkey')).toBe(0o600);
    broker.handle = `lkh_${'C'.repeat(46)}`;
    const second = await connect(['shop', '--for', 'mysql', '--write']);
    expect(second.code).toBe(0);
    expect(second.out).not.toContain('before-latchkey');
    expect(read('.my.cnf.before-latchkey')).toBe('[client]\nuser=me\npassword=hunter2\n');
    expect(read('.my.cnf').match(/password="(.*)"/)?.[1]).toBe(broker.handle);
    expect(read('.my.cnf').match(/\[client_shop\]/g)).toHaveLength(1);
  });

  it('takes a name', async () => {
    const { out } = await connect(['sales', '--for', 'psql', '--write', '--name', 'sales-7']);
    expect(out).toContain('psql service=sales-7');
    expect(read('.pg_service.conf')).toMatch(/^\[sales-7\]$/m);
    expect(broker.asked[0]?.body).toMatchObject({ tool: 'psql sales-7' });
  });

  it('issues no password for what holds none', async () => {
    const { code } = await connect(['sales', '--for', 'pgadmin', '--write']);
    expect({ code, asked: broker.asked }).toEqual({ code: 0, asked: [] });
    expect(JSON.parse(read('Latchkey/sales-pgadmin.json'))).toHaveProperty('Servers');
  });

  it('uses the file that a variable names', async () => {
    mkdirSync(at('own'));
    const env = { PGSERVICEFILE: at('own/services'), PGPASSFILE: at('own/passwords') };
    expect((await connect(['sales', '--for', 'psql', '--write'], env)).code).toBe(0);
    expect(readdirSync(at('own')).toSorted()).toEqual(['passwords', 'services']);
    expect(existsSync(at('.pgpass'))).toBe(false);
  });

  it('follows a link within the home, and keeps it', async () => {
    mkdirSync(at('dotfiles'));
    writeFileSync(at('dotfiles/pgpass'), '*:*:*:me:hunter2\n', { mode: 0o600 });
    symlinkSync(at('dotfiles/pgpass'), at('.pgpass'));
    expect((await connect(['sales', '--for', 'psql', '--write'])).code).toBe(0);
    expect(read('dotfiles/pgpass')).toBe(
      `127.0.0.1:6432:sales:bruno@fabrikam.example:${broker.handle}\n*:*:*:me:hunter2\n`,
    );
    expect(realpathSync(at('.pgpass'))).toBe(at('dotfiles/pgpass'));
  });

  it.each([
    [
      'a link out of the home',
      () => symlinkSync(join(tmpdir(), 'lk-elsewhere'), at('.pgpass')),
      'leads nowhere',
    ],
    ['a folder that leads out of it', () => symlinkSync(outside, at('Latchkey')), undefined],
    ['a folder of that name', () => mkdirSync(at('.pgpass')), 'no plain file'],
    ['a file that is no text', () => writeFileSync(at('.pg_service.conf'), 'a\0b'), 'not a text file'],
    [
      'a service of that name',
      () => writeFileSync(at('.pg_service.conf'), '[sales]\nhost=db.example\n'),
      'not Latchkey',
    ],
    [
      'an entry for that place',
      () => writeFileSync(at('.pgpass'), '127.0.0.1:6432:sales:bruno@fabrikam.example:hunter2\n'),
      'not Latchkey',
    ],
  ])('is refused before a password is issued, and loses nothing: %s', async (_, prepare, reason) => {
    prepare();
    const before = everyFile();
    const { code, out, err } = await connect([
      'sales',
      '--for',
      reason === undefined ? 'pgadmin' : 'psql',
      '--write',
    ]);
    expect({ code, asked: broker.asked, out }).toEqual({ code: 2, asked: [], out: '' });
    expect(err).toContain(reason ?? 'outside your home');
    expect(err).not.toMatch(/hunter2|lkh_/);
    expect(everyFile()).toBe(before);
  });

  it('revokes a password that could not be written', async () => {
    broker.meanwhile = () => mkdirSync(at('.pgpass'));
    const { code, err } = await connect(['sales', '--for', 'psql', '--write']);
    expect(code).toBe(2);
    expect(err).toContain('no plain file');
    expect(broker.asked.at(-1)).toEqual({ route: 'POST /v1/handles/revoke', body: { id: 'handle-1' } });
    expect(everyFile()).not.toContain(broker.handle);
  });

  it('says so where the tool has never run', async () => {
    const { code, err } = await connect(['sales', '--for', 'dbeaver', '--write']);
    expect({ code, asked: broker.asked }).toEqual({ code: 2, asked: [] });
    expect(err).toContain('DBeaverData/workspace6/General/.dbeaver');
    const folder = 'snap/dbeaver-ce/current/.local/share/DBeaverData/workspace6/General/.dbeaver';
    mkdirSync(at(folder), { recursive: true });
    expect((await connect(['sales', '--for', 'dbeaver', '--write'])).code).toBe(0);
    const { connections } = JSON.parse(read(join(folder, 'data-sources-latchkey-sales.json'))) as {
      connections: Record<string, { configuration: { password: string } }>;
    };
    expect(connections['latchkey-sales']?.configuration.password).toBe(broker.handle);
  });

  const project = 'DBeaverData/workspace6/General/.dbeaver';
  const written = (): string[] =>
    everyFile()
      .split('\n')
      .filter((line) => line.startsWith('data-sources-'));

  it('finds the workspace where XDG_DATA_HOME has it, and not one of earlier beside it', async () => {
    for (const folder of ['data', '.local/share']) mkdirSync(at(join(folder, project)), { recursive: true });
    const XDG_DATA_HOME = at('data');
    expect((await connect(['sales', '--for', 'dbeaver', '--write'], { XDG_DATA_HOME })).code).toBe(0);
    expect(readdirSync(at(join('data', project)))).toEqual(['data-sources-latchkey-sales.json']);
    expect(written()).toHaveLength(1);
  });

  it('asks which one is meant where the tool is there twice', async () => {
    const package_ = at(join('.local/share', project));
    const snap = at(join('snap/dbeaver-ce/current/.local/share', project));
    for (const folder of [package_, snap]) mkdirSync(folder, { recursive: true });
    const refused = await connect(['sales', '--for', 'dbeaver', '--write']);
    expect({ code: refused.code, asked: broker.asked, written: written() }).toEqual({
      code: 2,
      asked: [],
      written: [],
    });
    expect(refused.err).toContain(`--into ${package_}\n`);
    expect(refused.err).toContain(`--into ${snap}\n`);
    const elsewhere = await connect(['sales', '--for', 'dbeaver', '--write', '--into', at('Documents')]);
    expect({ code: elsewhere.code, written: written() }).toEqual({ code: 2, written: [] });
    expect((await connect(['sales', '--for', 'dbeaver', '--write', '--into', at('snap')])).code).toBe(0);
    expect(readdirSync(snap)).toEqual(['data-sources-latchkey-sales.json']);
    expect(readdirSync(package_)).toEqual([]);
  });

  it('never writes where a relative variable leads', async () => {
    const { code, err } = await connect(['sales', '--for', 'psql', '--write'], { PGPASSFILE: '.pgpass' });
    expect({ code, asked: broker.asked, files: everyFile() }).toEqual({ code: 2, asked: [], files: '' });
    expect(err).toContain('PGPASSFILE is no full path.');
  });

  it('keeps the mode of a file without a secret, and closes one that gets a password', async () => {
    writeFileSync(at('.pg_service.conf'), '[own]\nhost=db\n', { mode: 0o664 });
    chmodSync(at('.pg_service.conf'), 0o664);
    writeFileSync(at('.pgpass'), '', { mode: 0o644 });
    expect((await connect(['sales', '--for', 'psql', '--write'])).code).toBe(0);
    expect(modeOf('.pg_service.conf')).toBe(0o664);
    expect(modeOf('.pgpass')).toBe(0o600);
  });
});

describe('--dry-run', () => {
  it('shows what would come and go, none of what is a secret, and writes nothing', async () => {
    writeFileSync(at('.pgpass'), '*:*:*:me:hunter2\n', { mode: 0o600 });
    await connect(['sales', '--for', 'psql', '--write']);
    broker.asked.length = 0;
    const before = everyFile();
    const { code, out } = await connect(['sales', '--for', 'psql', '--write', '--dry-run']);
    expect(code).toBe(0);
    expect(out).toBe(
      `${at('.pg_service.conf')}: no change\n\n${at('.pgpass')}\n` +
        '- 127.0.0.1:6432:sales:bruno@fabrikam.example:<password>\n' +
        '+ 127.0.0.1:6432:sales:bruno@fabrikam.example:<password>\n',
    );
    expect({ asked: broker.asked, files: everyFile() }).toEqual({ asked: [], files: before });
  });
});

describe('what is wrong is said', () => {
  it.each([
    [['nowhere', '--for', 'psql'], 'no connection "nowhere"'],
    [['sales', '--for', 'toad'], 'no settings for "toad"'],
    [['shop', '--for', 'psql'], 'cannot use "shop"'],
    [['sales'], 'Name a connection, and a tool'],
    [['sales', '--for', 'psql', '--name', 'a b'], 'cannot be used'],
  ])('%j', async (args, message) => {
    const { code, err } = await connect(args);
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });

  it('where nobody is signed in', async () => {
    broker.state.signIn = { kind: 'signed-out' };
    broker.state.accounts = [];
    const { code, err } = await connect(['sales', '--for', 'psql']);
    expect(code).toBe(3);
    expect(err).toContain('latchkey login');
  });
});

describe('--list', () => {
  it('needs no broker, and says what is installed', async () => {
    mkdirSync(at('bin'));
    writeFileSync(at('bin/dbeaver'), '#!/bin/sh\n', { mode: 0o755 });
    await broker.close();
    const { code, out } = await connect(['--list'], { PATH: at('bin') });
    broker = await startConnectBroker(home, databasePort);
    expect(code).toBe(0);
    expect(out).toMatch(/^dbeaver +installed +DBeaver \(postgresql, mysql, sqlserver\)$/m);
    expect(out).toMatch(/^psql {6} +psql, pg_dump/m);
  });
});

describe('--open', () => {
  it('hands a token to the one tool that it starts, never in its arguments, and revokes it', async () => {
    mkdirSync(at('bin'));
    const seen = at('seen');
    writeFileSync(at('bin/mariadb'), `#!/bin/sh\nprintf '%s\\n' "$MYSQL_PWD" "$@" > '${seen}'\nexit 7\n`, {
      mode: 0o755,
    });
    const { code, out } = await connect(['shop', '--for', 'mysql', '--open'], {
      PATH: `${at('bin')}:${process.env['PATH']}`,
    });
    expect({ code, out }).toEqual({ code: 7, out: '' });
    const [password, ...args] = readFileSync(seen, 'utf8').trimEnd().split('\n');
    expect(password).toBe(broker.token);
    expect(args).toContain('--user=bruno@fabrikam.example');
    expect(args.join(' ')).not.toContain(broker.token);
    expect(broker.asked.map(({ route }) => route)).toEqual(['POST /v1/tokens', 'POST /v1/tokens/revoke']);
  });

  it('starts a window and does not wait for it', async () => {
    mkdirSync(at('bin'));
    writeFileSync(
      at('bin/dbeaver'),
      `#!/bin/sh\nprintf '%s\\n' "$@" > '${at('seen')}'\nwhile [ -d '${at('bin')}' ]; do sleep 0.2; done\n`,
      {
        mode: 0o755,
      },
    );
    const { code } = await connect(['erp', '--for', 'dbeaver', '--open'], {
      PATH: `${at('bin')}:${process.env['PATH']}`,
    });
    expect({ code, asked: broker.asked }).toEqual({ code: 0, asked: [] });
    await expect
      .poll(() => existsSync(at('seen')) && read('seen'), { timeout: 30_000 })
      .toMatch(/^-con\n.*driver=/);
  });

  it('says so where the tool is not there', async () => {
    const { code, err } = await connect(['sales', '--for', 'datagrip', '--open'], { PATH: '/nowhere' });
    expect(code).toBe(1);
    expect(err).toContain('was not found');
  });
});

describeWith([parts.postgres, parts.psql], 'from the command to the query', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
    databasePort = server.port;
    await server.query(`create role "bruno@fabrikam.example" login password 'lkh_${'A'.repeat(46)}'`);
    await server.query('create database sales');
  });
  afterAll(async () => server?.close());

  it('psql reads what was written', async () => {
    expect((await connect(['sales', '--for', 'psql', '--write'])).code).toBe(0);
    const printed = execFileSync(
      parts.psql.path ?? 'psql',
      ['-XAtc', 'select current_user', 'service=sales'],
      {
        env: { PATH: process.env['PATH'], HOME: person },
        encoding: 'utf8',
      },
    );
    expect(printed).toBe('bruno@fabrikam.example\n');
  });
});
