import type {
  AppState,
  ConnectionState,
  DatabaseSession,
  Group,
  PeerProcess,
  ProviderState,
  SignedIn,
} from '../../main/contract/state.ts';
import type { UpdateState } from '../../main/contract/update-state.ts';

/** Snapshots for the screens, around one moment. */
export const moment = Date.parse('2026-03-10T09:12:30.000Z');
export const at = (minutes: number): string => new Date(moment + minutes * 60_000).toISOString();

const provider: ProviderState = {
  name: 'Contoso',
  type: 'azure-directory',
  enabled: true,
  tenant: 'contoso.example',
  applicationId: '3f8c2b71-94a6-4a0e-b1f7-2c5d6e7f8a90',
  domains: [],
  ways: ['device-code', 'browser'],
  hasSecret: false,
};
export { provider as contoso };

export const analysts: Group = { id: 'a1c7d9e2-5b34-4c1f-8a6d-0e9f1b2c3d4e', name: 'Sales analysts' };
export const operators: Group = { id: 'b2d8e0f3-6c45-4d20-9b7e-1f0a2c3d4e5f', name: 'Database operators' };
const everyone: Group = { id: 'c3e9f1a4-7d56-4e31-8c8f-2a1b3d4e5f60', name: 'All employees' };

const sales: ConnectionState = {
  name: 'sales',
  title: 'Sales warehouse',
  protocol: 'postgresql',
  host: '127.0.0.1',
  port: 6432,
  database: 'sales',
  listener: { kind: 'listening' },
  grants: [],
  ready: false,
  lacks: [],
};
const orders: ConnectionState = {
  ...sales,
  name: 'orders',
  title: 'Orders, production',
  protocol: 'mysql',
  port: 6433,
  database: 'orders',
};
const payroll: ConnectionState = {
  ...sales,
  name: 'payroll',
  title: 'Payroll',
  protocol: 'sqlserver',
  port: 6434,
  database: 'payroll',
};

export const dbeaver: PeerProcess = {
  pid: 4211,
  program: 'dbeaver',
  path: '/usr/share/dbeaver-ce/dbeaver',
  parent: { pid: 1802, program: 'gnome-shell' },
};
export const psql: PeerProcess = {
  pid: 5120,
  program: 'psql',
  path: '/usr/lib/postgresql/17/bin/psql',
  parent: { pid: 4987, program: 'bash' },
};

/** All that the window may have to say of updates at once. */
export const updatesOfOrganisation: UpdateState = {
  now: { kind: 'downloading', version: '0.2.0', percent: 42 },
  channel: { value: 'stable', origin: 'organisation', locked: true },
  pinned: { version: '0.2.0', origin: 'organisation' },
  server: { address: 'https://software.fabrikam.example/latchkey', origin: 'organisation' },
};

export const signedOut: AppState = {
  version: '0.1.0',
  localTenant: false,
  updates: updatesOfOrganisation,
  providers: [provider],
  signIn: { kind: 'signed-out' },
  accounts: [],
  connections: [sales, orders, payroll],
  tokens: [],
  databaseSessions: [],
  handles: [],
  prompts: [],
  seal: { kind: 'keychain' },
  audit: { kind: 'writing', path: '/home/adele/.local/state/latchkey/audit' },
};

export const twoProviders: AppState = {
  ...signedOut,
  providers: [
    provider,
    {
      ...provider,
      name: 'Fabrikam (partner)',
      tenant: 'fabrikam.example',
      applicationId: '90a8f7e6-d5c2-4f7b-a0e1-6a49c2b83f71',
    },
  ],
};

export const expiredCode: AppState = {
  ...signedOut,
  signIn: {
    kind: 'signed-out',
    problem: {
      code: 'code-expired',
      message: 'The code was not entered in time.',
      remedy: 'Start the sign-in again to get a new one.',
      entra: { aadsts: 70020, error: 'expired_token', correlationId: '6f0d2a58-61b1-4c0e-9a42-7f1b8a3d2c11' },
    },
  },
};

export const portTaken: AppState = {
  ...signedOut,
  connections: [
    {
      ...sales,
      listener: {
        kind: 'failed',
        problem: {
          code: 'port-in-use',
          message: 'Port 6432 of connection "sales" is taken by pgbouncer (process 812).',
          remedy: 'Stop that program, or give the connection another port in the configuration.',
        },
      },
    },
    orders,
  ],
};

export const contacting = working('contacting');
export const readingGroups = working('reading-groups');
export const restoring = working('restoring');

export const code: AppState = {
  ...signedOut,
  signIn: {
    kind: 'code',
    provider: provider.name,
    tenant: provider.tenant,
    applicationId: provider.applicationId,
    userCode: 'CQ7MXRL4T',
    verificationUri: 'https://login.microsoft.com/device',
    startedAt: at(-1),
    expiresAt: at(14),
  },
};

const adele = '9f8e7d6c-5b4a-4392-8170-6f5e4d3c2b1a';
const signIn: SignedIn = {
  kind: 'signed-in',
  account: {
    provider: provider.name,
    tenantId: '0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9',
    objectId: adele,
    username: 'adele.vance@contoso.example',
    displayName: 'Adele Vance',
  },
  groups: [everyone, operators, analysts],
  groupsReadAt: at(-3),
  since: at(-48),
  until: at(432),
};

/** With this account alone. */
const alone = (signIn: SignedIn): Pick<AppState, 'signIn' | 'accounts'> => {
  const { kind: _kind, ...account } = signIn;
  return { signIn, accounts: [account] };
};

const command = (port: number, database: string) =>
  `psql "host=127.0.0.1 port=${port} user=adele.vance@contoso.example dbname=${database}"`;

export const signedIn: AppState = {
  ...signedOut,
  ...alone(signIn),
  connections: [
    {
      ...sales,
      ready: true,
      lookedAt: at(-2),
      grants: [{ role: 'sales_reader', group: analysts, tokenLifetimeSeconds: 900, objectId: adele }],
      command: command(6432, 'sales'),
    },
    {
      ...orders,
      ready: true,
      lookedAt: at(-2),
      grants: [
        { role: 'orders_reader', group: analysts, tokenLifetimeSeconds: 900, objectId: adele },
        { role: 'orders_owner', group: operators, tokenLifetimeSeconds: 300, objectId: adele },
      ],
      command: command(6433, 'orders'),
    },
    payroll,
  ],
};

export const busy: AppState = {
  ...signedIn,
  tokens: [
    {
      id: 't1',
      connection: 'sales',
      username: signIn.account.username,
      role: 'sales_reader',
      issuedAt: at(-6),
      expiresAt: at(9),
      uses: 2,
    },
    {
      id: 't2',
      connection: 'orders',
      username: signIn.account.username,
      role: 'orders_owner',
      issuedAt: at(-1),
      expiresAt: at(4),
      uses: 0,
    },
  ],
  databaseSessions: [
    {
      ...session('s1', 'sales', 'sales_reader', 'DBeaver 25.3 - Main', -5),
      process: dbeaver,
      handleId: 'h1',
      bytesFromClient: 48_213,
      bytesFromUpstream: 7_340_032,
    },
    { ...session('s2', 'sales', 'sales_reader', 'psql', -2), process: psql, bytesFromClient: 312 },
    { ...session('s3', 'orders', 'orders_owner', '', 0), handleId: 'revoked' },
  ],
  handles: [
    {
      id: 'h1',
      tool: 'DBeaver',
      connection: 'sales',
      role: 'sales_reader',
      username: 'adele.vance@contoso.example',
      createdAt: '2026-02-03T16:04:00.000Z',
      expiresAt: '2026-05-04T16:04:00.000Z',
      boundTo: '/usr/share/dbeaver-ce/dbeaver',
      lastUsedAt: at(-5),
    },
    {
      id: 'h2',
      tool: 'Nightly report',
      connection: 'orders',
      username: 'adele.vance@contoso.example',
      createdAt: at(-30),
      expiresAt: at(-10),
    },
  ],
};

export const noAccess: AppState = { ...signedOut, ...alone({ ...signIn, groups: [everyone] }) };

export const troubled: AppState = {
  ...signedIn,
  localTenant: true,
  ...alone({
    ...signIn,
    problem: {
      code: 'directory-unreachable',
      message: 'Your groups could not be read again: the directory does not answer.',
      remedy: 'Check your network. What was known at 9:09 still counts.',
    },
  }),
  connections: [
    ...portTaken.connections.slice(0, 1).map((connection) => ({
      ...connection,
      grants: [{ role: 'sales_reader', group: analysts, tokenLifetimeSeconds: 900, objectId: adele }],
      command: command(6432, 'sales'),
    })),
    ...signedIn.connections.slice(1),
  ],
  seal: {
    kind: 'memory',
    reason: 'No keyring (GNOME Keyring or KWallet) is running in this desktop session.',
  },
  audit: {
    kind: 'failed',
    path: '/home/adele/.local/state/latchkey/audit',
    problem: {
      code: 'audit-unwritable',
      message: 'The audit cannot be written because the disk is full, so new logins are refused.',
      remedy: 'Free some space; Latchkey goes on by itself.',
    },
  },
  sinks: [
    {
      name: 'siem',
      type: 'syslog',
      required: true,
      behind: 12,
      failing: {
        since: at(-5),
        problem: {
          code: 'export-failed',
          message: 'The log server logs.fabrikam.example:6514 does not take records (ECONNREFUSED).',
        },
        refusesFrom: at(10),
      },
    },
  ],
};

export const changedConfiguration: AppState = {
  ...signedIn,
  configurationChange: { changes: ['session.deadline', 'connection "sales": port, rules'], ends: 2 },
  needsRestart: ['api.port'],
};

export const faultyConfiguration: AppState = {
  ...signedIn,
  configurationChange: {
    changes: [],
    ends: 0,
    problem: {
      code: 'config-invalid',
      message:
        'The configuration /home/adele/latchkey.yaml has a fault:\n  line 12: connections[0].port must be a number',
      remedy: 'Correct the lines named; nothing has been changed.',
    },
  },
};

export const someGroups = inGroups(40);
export const manyGroups = inGroups(1200);

/** Names as an attacker who may name a group or an account would choose them. */
export const hostileNames = {
  html: '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
  bidi: '\u202Enimda\u202C \u2066gpj.exe',
  emoji: '👩🏽‍💻🏴‍☠️ 𝓐𝓭𝓶𝓲𝓷',
  arabic: 'فريق قواعد البيانات (admin)',
  long: 'a'.repeat(300),
};

export const hostile: AppState = {
  ...busy,
  providers: [{ ...provider, name: hostileNames.html, tenant: hostileNames.bidi }],
  ...alone({
    ...signIn,
    account: { ...signIn.account, displayName: hostileNames.html, username: hostileNames.bidi },
    groups: Object.values(hostileNames).map((name, index) => ({ id: `g${index}`, name })),
  }),
  connections: [
    {
      ...sales,
      title: hostileNames.bidi,
      database: hostileNames.long,
      grants: Object.values(hostileNames).map((role) => ({
        role,
        group: { id: 'g', name: role },
        tokenLifetimeSeconds: 60,
        objectId: signIn.account.objectId,
      })),
      command: `psql "dbname=${hostileNames.long}"`,
    },
  ],
  databaseSessions: Object.values(hostileNames).map((program, index) => ({
    ...session(`h${index}`, 'sales', program, program, -1),
    database: program,
    username: program,
    process: { pid: 1, program, path: program, parent: { pid: 2, program } },
    handleId: `h${index}`,
  })),
  handles: Object.values(hostileNames).map((name, index) => ({
    id: `h${index}`,
    tool: name,
    connection: 'sales',
    role: name,
    username: name,
    createdAt: at(-1),
    expiresAt: at(60),
    boundTo: name,
  })),
};

function working(step: 'contacting' | 'reading-groups' | 'restoring'): AppState {
  return { ...signedOut, signIn: { kind: 'working', provider: provider.name, step } };
}

function session(
  id: string,
  connection: string,
  role: string,
  program: string,
  minutes: number,
): DatabaseSession {
  return {
    id,
    connection,
    username: 'adele.vance@contoso.example',
    role,
    database: connection,
    program,
    since: at(minutes),
    bytesFromClient: 0,
    bytesFromUpstream: 0,
  };
}

function inGroups(count: number): AppState {
  const groups = Array.from({ length: count }, (_, index) => ({
    id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
    name: index % 100 === 99 ? '' : `Project ${String(index).padStart(4, '0')} members`,
  }));
  return { ...signedIn, ...alone({ ...signIn, groups }) };
}
