import type { ActionReply } from '../../main/contract/action-schemas.ts';
import type { AppState, Lack } from '../../main/contract/state.ts';
import { analysts, at, hostileNames, operators, signedIn } from './states.ts';

/** What the configuration file has, for the screen of connections. */
export const written: ActionReply<'readConnections'> = {
  connections: [
    {
      name: 'sales',
      counts: true,
      settings: {
        name: 'sales',
        title: 'Sales warehouse',
        protocol: 'postgresql',
        port: 6432,
        upstream: { host: 'db.contoso.example', database: 'sales', via: { ssh: 'jump.contoso.example' } },
        rules: [
          {
            group: analysts.id,
            role: 'sales_reader',
            password: { stored: 'sales-reader' },
            idleTimeout: '30m',
            times: [{ days: ['mon'] }],
          },
          { group: operators.id, role: 'sales_owner', password: { stored: 'sales-owner' }, mfa: 'login' },
        ],
      },
    },
    {
      name: 'payroll',
      counts: false,
      settings: {
        name: 'payroll',
        protocol: 'sqlserver',
        port: 6434,
        upstream: { hosts: ['sql1', 'sql2:1434'], databases: ['payroll', 'archive'] },
        rules: [
          {
            group: 'd4e5f6a7-8b90-4c1d-9e2f-3a4b5c6d7e8f',
            role: 'clerk',
            password: { command: ['/usr/bin/pass', 'payroll'] },
          },
        ],
      },
    },
  ],
  freePorts: { postgresql: 15_432, mysql: 13_306, sqlserver: 11_433 },
};

export const passwords: ActionReply<'listSecrets'> = {
  passwords: [
    { name: 'sales-reader', stored: true },
    { name: 'sales-owner', stored: false },
  ],
};

export const empty: ActionReply<'readConnections'> = { ...written, connections: [] };

const [first] = written.connections;
export const hostile: ActionReply<'readConnections'> = {
  ...written,
  connections:
    first === undefined
      ? []
      : [{ ...first, settings: { ...first.settings, title: hostileNames.html, rules: [] } }],
};

export const saved: ActionReply<'saveConnections'> = {
  connections: [{ name: 'dwh', port: 15_432 }],
  ended: 0,
  warnings: [],
  stored: ['dwh-reader'],
};

export const tested: ActionReply<'testConnection'> = {
  checks: [
    {
      name: 'database of sales',
      result: 'ok',
      message: 'db.contoso.example:5432 answers, with TLS, and it has proved who it is.',
    },
    {
      name: 'login at sales as sales_reader',
      result: 'failed',
      message: 'The database server refused the login: password authentication failed.',
      remedy: 'Store the right password.',
    },
  ],
  facts: {
    where: 'db.contoso.example:5432',
    encrypted: true,
    serverVersion: '17.2 (Debian 17.2-1)',
    certificate: {
      subject: 'CN=db.contoso.example',
      issuer: 'CN=Contoso Databases, O=Contoso',
      validTo: '2027-02-03T00:00:00.000Z',
      sha256: '5e1f'.repeat(16),
    },
  },
};

export const imported: ActionReply<'readImport'> = {
  list: {
    connections: [
      {
        name: 'dwh',
        settings: { protocol: 'postgresql', upstream: { host: 'dwh.contoso.example', port: 6432 } },
      },
      { name: 'shop', settings: { protocol: 'mysql', upstream: { host: 'shop.contoso.example' } } },
      { name: 'sales', settings: { protocol: 'postgresql', upstream: { host: 'other' } } },
    ],
    skipped: ['Oracle HR'],
    leftPasswords: ['dwh'],
  },
};

const problem = (message: string, remedy: string) => ({
  code: 'upstream-unreachable' as const,
  message,
  remedy,
});

/** Each thing that a connection can lack, and one that nobody has looked at yet. */
export const lacking: AppState = {
  ...signedIn,
  connections: signedIn.connections.map((connection, index) => {
    const { lookedAt: _lookedAt, ...unknown } = connection;
    if (index === 1) return { ...unknown, ready: false };
    if (index > 1) return connection;
    const lacks: Lack[] = [
      {
        kind: 'server',
        at: at(-1),
        problem: problem('The database server at db:5432 cannot be reached.', 'Join the network (VPN).'),
      },
      { kind: 'client-key', storedAs: 'sales-key' },
      { kind: 'password', role: 'sales_reader', storedAs: 'sales-reader' },
      {
        kind: 'login',
        role: 'sales_reader',
        at: at(-1),
        problem: problem('The server refused the login.', 'Check the password.'),
      },
      { kind: 'credential', at: at(-1), problem: problem('The vault does not answer.', 'Ask who runs it.') },
      { kind: 'second-factor' },
    ];
    return { ...connection, ready: false, lacks };
  }),
};
