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
