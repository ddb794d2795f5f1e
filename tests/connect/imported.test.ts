import { describe, expect, it } from 'vitest';
import { importList, importUrl } from '../../main/connect/imported.ts';

describe('a list of connections of another tool', () => {
  it.each([
    [
      'postgres://ada:pw@db.example:6432/sales?sslmode=require',
      { protocol: 'postgresql', host: 'db.example', port: 6432, database: 'sales', hadPassword: true },
    ],
    [
      'postgresql://localhost/sales?sslmode=disable',
      { protocol: 'postgresql', host: 'localhost', database: 'sales', tls: 'off', hadPassword: false },
    ],
    ['jdbc:postgresql://[::1]:5433/my%20db', { host: '::1', port: 5433, database: 'my db', name: 'my-db' }],
    ['mysql://root@shop.example:3307/shop', { protocol: 'mysql', port: 3307, database: 'shop' }],
    ['jdbc:mariadb://shop.example/shop?useSSL=false', { protocol: 'mysql', host: 'shop.example' }],
    [
      'jdbc:sqlserver://ledger.example\\SQL1:1434;databaseName=ledger;encrypt=true;user=sa;password={p;w}',
      {
        protocol: 'sqlserver',
        host: 'ledger.example',
        instance: 'SQL1',
        port: 1434,
        database: 'ledger',
        hadPassword: true,
      },
    ],
    [
      'sqlserver://sa:pw@ledger.example:1433?database=ledger',
      { protocol: 'sqlserver', port: 1433, database: 'ledger' },
    ],
  ])('the URL %s', (url, wanted) => {
    const list = importUrl(url);
    expect(list?.connections).toEqual([expect.objectContaining(wanted)]);
    expect(JSON.stringify(list)).not.toMatch(/pw|"user"|ada|root|sa@/);
  });

  it('no TLS is only carried over for servers of this computer', () => {
    expect(importUrl('postgres://db.example/sales?sslmode=disable')?.connections[0]).not.toHaveProperty(
      'tls',
    );
  });

  describe('a listing of Azure', () => {
    const server = (type: string, host: string) => ({
      id: `/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/data/providers/${type}/${host.split('.')[0]}`,
      name: host.split('.')[0],
      type,
      location: 'West Europe',
      administratorLogin: 'root',
      fullyQualifiedDomainName: host,
    });
    const sales = server('Microsoft.DBforPostgreSQL/flexibleServers', 'sales.postgres.database.azure.com');
    const shop = server('Microsoft.DBforMySQL/flexibleServers', 'shop.mysql.database.azure.com');
    const ledger = server('Microsoft.Sql/servers', 'ledger.database.windows.net');
    /** As ARM and Resource Graph answer: the particulars apart, and the type in small letters. */
    const asArm = ({ fullyQualifiedDomainName, administratorLogin, ...common }: typeof sales) => ({
      ...common,
      type: common.type.toLowerCase(),
      properties: { fullyQualifiedDomainName, administratorLogin, state: 'Ready' },
    });
    const wanted = [
      {
        name: 'sales',
        protocol: 'postgresql',
        host: 'sales.postgres.database.azure.com',
        hadPassword: false,
      },
      { name: 'shop', protocol: 'mysql', host: 'shop.mysql.database.azure.com', hadPassword: false },
      { name: 'ledger', protocol: 'sqlserver', host: 'ledger.database.windows.net', hadPassword: false },
    ];
    const all = [sales, shop, ledger];

    it.each([
      ['az … list', all],
      ['az … list, redirected by PowerShell', all, '\uFEFF'],
      ['az graph query', { count: 3, data: all.map(asArm), skip_token: null, total_records: 3 }],
      ['az rest', { value: all.map(asArm) }],
    ])('%s', (_title, json, mark = '') => {
      expect(importList(mark + JSON.stringify(json, undefined, 2))).toEqual({
        connections: wanted,
        skipped: [],
      });
    });

    it('a cluster is reached by its coordinator; what is no server, or has no address, is named', () => {
      const cluster = {
        name: 'events',
        type: 'Microsoft.DBforPostgreSQL/serverGroupsv2',
        serverNames: [
          { name: 'events-c', fullyQualifiedDomainName: 'c-events.example.postgres.cosmos.azure.com' },
          { name: 'events-w0', fullyQualifiedDomainName: 'w0-events.example.postgres.cosmos.azure.com' },
        ],
      };
      const database = {
        ...server('Microsoft.Sql/servers/databases', 'books'),
        fullyQualifiedDomainName: undefined,
      };
      const bare = { ...shop, fullyQualifiedDomainName: undefined };
      expect(importList(JSON.stringify([cluster, database, bare]))).toEqual({
        connections: [expect.objectContaining({ host: 'c-events.example.postgres.cosmos.azure.com' })],
        skipped: ['books', 'shop'],
      });
    });

    it('another list in JSON is none', () => {
      expect(importList('[{"name": "x", "type": "postgres"}]')).toBeUndefined();
      expect(importList('[]')).toBeUndefined();
    });
  });

  it('pg_service.conf', () => {
    const text =
      '# ours\n[Sales DB]\nhost=db.example\nport=5432\ndbname=sales\nuser=ada\npassword=hunter2\n\n[local]\ndbname=x\n';
    expect(importList(text)).toEqual({
      connections: [
        {
          name: 'sales-db',
          protocol: 'postgresql',
          host: 'db.example',
          port: 5432,
          database: 'sales',
          hadPassword: true,
        },
      ],
      skipped: ['local'],
    });
  });

  it("DBeaver's data-sources.json", () => {
    const source = (provider: string, name: string, configuration: object) => ({
      provider,
      driver: `${provider}-jdbc`,
      name,
      configuration,
    });
    const text = JSON.stringify({
      folders: {},
      connections: {
        'postgres-jdbc-1': source('postgresql', 'Sales', {
          host: 'db.example',
          port: '5432',
          database: 'sales',
          url: 'jdbc:postgresql://db.example:5432/sales',
        }),
        'ms-1': source('sqlserver', 'Sales', {
          url: 'jdbc:sqlserver://;serverName=ledger.example;databaseName=ledger;password=x',
        }),
        'sqlite-1': source('sqlite', 'File', { database: '/tmp/x' }),
      },
    });
    expect(importList(text)).toEqual({
      connections: [
        {
          name: 'sales',
          protocol: 'postgresql',
          host: 'db.example',
          port: 5432,
          database: 'sales',
          hadPassword: false,
        },
        {
          name: 'sales-2',
          protocol: 'sqlserver',
          host: 'ledger.example',
          database: 'ledger',
          hadPassword: true,
        },
      ],
      skipped: ['File'],
    });
  });

  it("pgAdmin's servers.json", () => {
    const text = JSON.stringify({
      Servers: {
        1: {
          Name: 'Büro',
          Group: 'Servers',
          Host: 'db.example',
          Port: 5432,
          MaintenanceDB: 'postgres',
          Username: 'ada',
          SSLMode: 'prefer',
        },
      },
    });
    expect(importList(text)?.connections).toEqual([
      {
        name: 'buro',
        protocol: 'postgresql',
        host: 'db.example',
        port: 5432,
        database: 'postgres',
        hadPassword: false,
      },
    ]);
  });

  it("DataGrip's dataSources.xml", () => {
    const text = `<?xml version="1.0"?><project><component name="DataSourceManagerImpl">
      <data-source source="LOCAL" name="R&amp;D" uuid="1"><driver-ref>mysql.8</driver-ref>
        <jdbc-url>jdbc:mysql://shop.example:3306/shop?a=1&amp;b=2</jdbc-url></data-source>
      <data-source name="lite" uuid="2"><jdbc-url>jdbc:sqlite:x.db</jdbc-url></data-source>
    </component></project>`;
    expect(importList(text)).toEqual({
      connections: [
        {
          name: 'r-d',
          protocol: 'mysql',
          host: 'shop.example',
          port: 3306,
          database: 'shop',
          hadPassword: false,
        },
      ],
      skipped: ['lite'],
    });
  });

  it('anything else is none', () => {
    for (const text of ['', 'hello', '{}', '[1]', 'http://x']) {
      expect(importUrl(text)).toBeUndefined();
      expect(importList(text)?.connections ?? []).toEqual([]);
    }
  });
});
