import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fill, fillShown, shownPassword, textOf } from '../../main/connect/fill.ts';
import { findTool, settingsFor, tools } from '../../main/connect/tools.ts';
import {
  passwordPlaceholder,
  toolIds,
  type Place,
  type Protocol,
  type Settings,
  type System,
  type ToolId,
} from '../../main/connect/types.ts';
import { LatchkeyError } from '../../main/contract/errors.ts';
import { describeWith } from '../support/parts.ts';
import { handle, place } from './places.ts';
import { python, readers } from './readers.ts';

const protocols: Protocol[] = ['postgresql', 'mysql', 'sqlserver'];
const systems: System[] = ['linux', 'darwin', 'win32'];

const every: [ToolId, Protocol, System, Settings][] = tools.flatMap((tool) =>
  tool.protocols.flatMap((protocol) =>
    systems.flatMap((system) =>
      [undefined, system === 'win32' ? 'C:\\ca\\latchkey.pem' : '/home/bruno/ca/latchkey.pem'].map(
        (authorityFile): [ToolId, Protocol, System, Settings] => [
          tool.id,
          protocol,
          system,
          settingsFor(
            tool.id,
            place(protocol, {
              system,
              socketDirectory: '/run/latchkey',
              socketPath: '/run/latchkey/sales.mysql',
              ...(authorityFile === undefined ? {} : { authorityFile }),
            }),
          ),
        ],
      ),
    ),
  ),
);

function fileText(settings: Settings, ending: string): string {
  const file = settings.files.find(({ paths }) => paths.some((path) => path.endsWith(ending)));
  if (file === undefined) throw new Error(`no file ends in ${ending}`);
  return textOf(file);
}

describe('settings', () => {
  it('are there for every tool that is named, once', () => {
    expect(tools.map(({ id }) => id).toSorted()).toEqual([...toolIds].toSorted());
    expect(every.length).toBeGreaterThan(150);
  });

  it('say of everything with a password in it that it is secret, and of nothing else', () => {
    const has = (text: string): boolean => text.includes(passwordPlaceholder);
    for (const [id, protocol, system, settings] of every) {
      const where = `${id} ${protocol} ${system}`;
      for (const field of settings.fields) expect(field.secret === true, where).toBe(has(field.value));
      for (const text of settings.texts)
        expect(text.secret === true, `${where} ${text.label}`).toBe(has(text.text));
      for (const file of settings.files) {
        expect(file.secret, where).toBe(has(textOf(file)));
        expect(file.mode).toBe(0o600);
      }
      expect(has(JSON.stringify([settings.steps, settings.open?.args])), where).toBe(false);
      if (settings.needs !== 'handle') expect(has(JSON.stringify(settings)), where).toBe(false);
    }
  });

  it('are plain data, and hold the password only once it is filled in', () => {
    for (const [, , , settings] of every) {
      expect(structuredClone(settings)).toEqual(settings);
      const filled = fillShown(settings, handle);
      expect(JSON.stringify([filled.fields, filled.texts])).not.toContain(passwordPlaceholder);
      expect(JSON.stringify(filled.files)).not.toContain(handle);
    }
    expect(fill(`a${passwordPlaceholder}b`, handle)).toBe(`a${handle}b`);
    expect(fill(passwordPlaceholder, shownPassword)).toBe('<password>');
    for (const password of ['', 'a b', 'a;b', "a'b", 'a\nb'])
      expect(() => fill(passwordPlaceholder, password)).toThrow(LatchkeyError);
  });

  it('name host, port, database and user for every dialog', () => {
    for (const [id, protocol, , { fields }] of every) {
      const values = fields.map(({ value }) => value).join('\n');
      const { host, port, database, username } = place(protocol);
      for (const value of [host, String(port), database, username]) expect(values, id).toContain(value);
    }
  });

  it('let every client of PostgreSQL verify the gateway where its authority is known, and ask for no TLS else', () => {
    const ids = new Set(every.filter(([, protocol]) => protocol === 'postgresql').map(([id]) => id));
    for (const id of ids) {
      const known = JSON.stringify(
        settingsFor(id, place('postgresql', { authorityFile: '/ca/latchkey.pem' })),
      );
      expect(known, id).toMatch(/SSL ?mode\W+verify-?full|ssl: \{ ca: readFileSync\(/i);
      expect(known, id).toContain('latchkey.pem');
      const unknown = JSON.stringify(settingsFor(id, place('postgresql')));
      expect(unknown, id).not.toMatch(/SSL ?mode\W+(require|verify|prefer|allow)/i);
    }
  });

  it('never tell a client to trust any certificate', () => {
    for (const [id, , , settings] of every) {
      const text = JSON.stringify([settings.fields, settings.texts, settings.files, settings.open]);
      expect(text, id).not.toMatch(
        /trust_?server_?certificate\W+(true|yes)|rejectUnauthorized|SSLVERIFY\W+0| -C /i,
      );
    }
  });

  it('refuse a tool that does not speak the protocol, or is none', () => {
    expect(() => settingsFor('psql', place('mysql'))).toThrow(
      expect.objectContaining({
        code: 'request-invalid',
        remedy: expect.stringContaining('workbench') as string,
      }) as Error,
    );
    expect(() => findTool('toad')).toThrow(expect.objectContaining({ code: 'request-invalid' }) as Error);
  });

  it.each<Partial<Place>>([
    { database: 'a\nb' },
    { username: 'a\u0000b' },
    { title: `x${passwordPlaceholder}` },
    { name: 'a]b' },
    { name: '../x' },
    { name: '' },
    { command: ['a\rb'] },
    { database: 'a\u2028b' },
  ])('refuse %j', (changes) => {
    for (const id of ['psql', 'dbeaver', 'other'] as const) {
      expect(() => settingsFor(id, place('postgresql', changes))).toThrow(
        expect.objectContaining({ code: 'request-invalid' }) as Error,
      );
    }
  });
});

describe('docs/TOOLS.md', () => {
  it('has every tool in its table, and no other', () => {
    const page = readFileSync(new URL('../../docs/TOOLS.md', import.meta.url), 'utf8');
    const named = [...page.matchAll(/^\|.*? --for ([a-z]+)/gm)].map(([, id]) => id);
    expect(named.toSorted()).toEqual([...toolIds].toSorted());
  });
});

describe('pgAdmin', () => {
  it('gets what its documentation requires of a server, and a command for the password', () => {
    const { Servers } = JSON.parse(
      fileText(settingsFor('pgadmin', place('postgresql', { role: 'reader' })), '.json'),
    ) as {
      Servers: Record<string, Record<string, unknown>>;
    };
    // "The following attributes are required" of Import/Export Servers; SSLMode is a connection parameter since 7.
    expect(Servers).toEqual({
      1: {
        Name: 'Sales & <stock> "2026"',
        Group: 'Latchkey',
        Host: '127.0.0.1',
        Port: 6432,
        MaintenanceDB: 'sales',
        Username: 'bruno@fabrikam.example',
        ConnectionParameters: { sslmode: 'disable', connect_timeout: 60 },
        PasswordExecCommand: "'/opt/Latch key/latchkey' token sales --role reader",
        PasswordExecExpiration: 60,
      },
    });
  });
});

describe('DBeaver', () => {
  it.each([
    ['postgresql', 'postgresql', 'postgres-jdbc', 'jdbc:postgresql://127.0.0.1:6432/sales?sslmode=disable'],
    ['mysql', 'mysql', 'mariaDB', 'jdbc:mariadb://127.0.0.1:6306/sales'],
    [
      'sqlserver',
      'sqlserver',
      'mssql_jdbc_ms_new',
      'jdbc:sqlserver://127.0.0.1:6433;databaseName=sales;encrypt=false',
    ],
  ] as const)('gets a file of its own for %s', (protocol, provider, driver, url) => {
    const settings = settingsFor('dbeaver', place(protocol));
    const { connections } = JSON.parse(fileText(settings, '/data-sources-latchkey-sales.json')) as {
      connections: Record<string, { configuration: Record<string, unknown> }>;
    };
    expect(connections['latchkey-sales']).toMatchObject({
      provider,
      driver,
      configuration: {
        url,
        user: 'bruno@fabrikam.example',
        password: passwordPlaceholder,
        host: '127.0.0.1',
      },
    });
    expect(settings.files[0]?.folder).toBe('must-exist');
  });

  it('is opened without a password, or not at all where a value would be read as two', () => {
    expect(settingsFor('dbeaver', place('mysql')).open?.args.join(' ')).not.toMatch(/password/i);
    expect(settingsFor('dbeaver', place('mysql', { title: 'a|password=x' })).open).toBeUndefined();
  });
});

describeWith([readers.python], 'DataGrip', () => {
  it.each(protocols)('gets a data source for the clipboard: %s', (protocol) => {
    const settings = settingsFor('datagrip', place(protocol));
    const lines = (settings.texts[0]?.text ?? '').split('\n');
    expect(lines.slice(0, 3)).toEqual([
      '#DataSourceSettings#',
      '#LocalDataSource: Sales & <stock> "2026"',
      '#BEGIN#',
    ]);
    const script = `
import xml.etree.ElementTree as tree
root = tree.fromstring(data)
result = {'name': root.get('name'), 'uuid': root.get('uuid'), **{item.tag: item.text for item in root}}
`;
    expect(python(script, lines.slice(3, lines.indexOf('#END#')).join('\n'))).toMatchObject({
      name: 'Sales & <stock> "2026"',
      uuid: expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
      ) as string,
      'driver-ref': { postgresql: 'postgresql', mysql: 'mariadb', sqlserver: 'sqlserver.ms' }[protocol],
      'jdbc-url': expect.stringMatching(/^jdbc:.*127\.0\.0\.1/) as string,
      'user-name': 'bruno@fabrikam.example',
    });
  });
});

describe('Windows', () => {
  it('gets PowerShell in place of odbc.ini, and files where Windows keeps them', () => {
    const windows = (id: ToolId, protocol: Protocol): Settings =>
      settingsFor(id, place(protocol, { system: 'win32' }));
    const odbc = windows('odbc', 'postgresql');
    expect(odbc.files).toEqual([]);
    expect(odbc.texts[0]?.text).toBe(
      "Add-OdbcDsn -Name 'sales' -DriverName 'PostgreSQL Unicode(x64)' -DsnType User -Platform 64-bit -SetPropertyValue @('Servername=127.0.0.1', 'Port=6432', 'Database=sales', 'SSLmode=disable')",
    );
    expect(windows('psql', 'postgresql').files.map(({ paths }) => paths)).toEqual([
      ['%APPDATA%/postgresql/.pg_service.conf'],
      ['%APPDATA%/postgresql/pgpass.conf'],
    ]);
  });

  it('gets no command line that cmd.exe would read as another', () => {
    const changes: Partial<Place> = { system: 'win32', command: ['C:\\100%\\latchkey.exe'] };
    expect(() => settingsFor('pgadmin', place('postgresql', changes))).toThrow(
      expect.objectContaining({ code: 'request-invalid' }) as Error,
    );
  });
});

describe('a SQL Server connection that requires TLS', () => {
  it('is entered encrypted everywhere, and where nothing is required the settings stay as they were', () => {
    const shown = (tool: Settings['tool'], changes: Partial<Place>): string =>
      JSON.stringify(settingsFor(tool, place('sqlserver', changes)));
    for (const [tool, with_, without] of [
      ['sqlcmd', '-N true', '-N disable'],
      ['sqlcmd', '-Nm', '-No'],
      ['ssms', 'Mandatory', 'Optional'],
      ['vscode', 'encrypt=Mandatory', 'encrypt=Optional'],
      ['dbeaver', 'encrypt=true', 'encrypt=false'],
      ['odbc', 'Encrypt=yes', 'Encrypt=no'],
      ['dotnet', 'Encrypt=Mandatory', 'Encrypt=Optional'],
      ['other', 'encrypt=true', 'encrypt=disable'],
      ['freetds', 'encryption = require', 'tds version'],
    ] as const) {
      expect(shown(tool, { requireTls: true }), tool).toContain(with_);
      expect(shown(tool, {}), tool).toContain(without);
    }
  });
});

it('settings of SQL Server clients name the authority where the tool can', () => {
  const authorityFile = '/home/ada/latchkey ca.pem';
  const shown = (tool: Settings['tool']): string =>
    JSON.stringify(settingsFor(tool, place('sqlserver', { authorityFile, odbcDrivers: ['FreeTDS'] })));
  for (const [tool, text] of [
    ['other', 'encrypt=true&certificate=%2Fhome%2Fada%2Flatchkey%20ca.pem'],
    ['python', `cafile=\\"${authorityFile}\\", validate_host=True`],
    ['odbc', `ca file = ${authorityFile}`],
    ['freetds', `ca file = ${authorityFile}`],
    ['node', `readFileSync(\\"${authorityFile}\\")`],
  ] as const)
    expect(shown(tool), tool).toContain(text);
});

it('settings of SQL Server clients turn several requests at once off, where they can', () => {
  for (const [tool, text] of [
    ['dotnet', 'MultipleActiveResultSets=False'],
    ['odbc', 'MARS_Connection=no;'],
    ['r', 'MARS_Connection = \\"no\\"'],
    ['vscode', '\\"multipleActiveResultSets\\": false'],
  ] as const)
    expect(JSON.stringify(settingsFor(tool, place('sqlserver'))), tool).toContain(text);
});

describe('links and documents', () => {
  it('of Visual Studio Code, Power BI and Power Query have the parts that their readers look for', () => {
    const link = settingsFor('vscode', place('sqlserver')).texts[0]?.text ?? '';
    expect(Object.fromEntries(new URL(link).searchParams)).toEqual({
      server: '127.0.0.1,6433',
      database: 'sales',
      user: 'bruno@fabrikam.example',
      authenticationType: 'SqlLogin',
      encrypt: 'Optional',
      profileName: 'Sales & <stock> "2026"',
    });
    const pbids = JSON.parse(fileText(settingsFor('powerbi', place('sqlserver')), '.pbids')) as unknown;
    expect(pbids).toEqual({
      version: '0.1',
      connections: [
        {
          details: { protocol: 'tds', address: { server: '127.0.0.1,6433', database: 'sales' } },
          options: {},
          mode: 'DirectQuery',
        },
      ],
    });
    const query = settingsFor('excel', place('mysql')).texts.find(
      ({ language }) => language === 'powerquery',
    );
    expect(query?.text).toContain('Odbc.DataSource("dsn=sales", [HierarchicalNavigation = true])');
  });

  it('of ODBC use the driver that the machine has', () => {
    const settings = settingsFor(
      'odbc',
      place('sqlserver', { odbcDrivers: ['PostgreSQL Unicode', 'FreeTDS'] }),
    );
    expect(fileText(settings, '.odbc.ini')).toMatch(/^Driver = FreeTDS$/m);
    expect(settings.files[0]?.secret).toBe(false);
    const microsoft = settingsFor(
      'odbc',
      place('sqlserver', { odbcDrivers: ['FreeTDS', 'ODBC Driver 17 for SQL Server'] }),
    );
    expect(fileText(microsoft, '.odbc.ini')).toMatch(/^Driver = ODBC Driver 17 for SQL Server$/m);
    expect(microsoft.files[0]?.secret).toBe(false);
    expect(settingsFor('odbc', place('mysql')).files[0]?.secret).toBe(true);
  });
});
