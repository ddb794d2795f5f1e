import { actions as table, type ApiAction } from '../../main/contract/actions.ts';
import type { AppState } from '../../main/contract/state.ts';
import type { SupportBundle } from '../../main/contract/support-bundle.ts';
import type { DesktopBroker } from '../../main/desktop/ports.ts';

const place = {
  connection: 'sales',
  username: 'adele.vance@contoso.example',
  host: '127.0.0.1',
  port: 6432,
  database: 'sales',
  expiresAt: '2026-03-10T09:27:30.000Z',
};

/** Of a Latchkey that does nothing. */
export const emptyBundle: SupportBundle = {
  madeAt: '2026-03-10T09:12:30.000Z',
  versions: { version: '0.1.0', node: '24.0.0', platform: 'linux', arch: 'x64', release: '6.1.0' },
  system: { cpus: 2, memoryMegabytes: 4096, startedAt: '2026-03-10T09:00:00.000Z' },
  running: false,
  findings: [],
  audit: { files: 1, records: { 'broker-started': 1 } },
  log: ['2026-03-10T09:00:00.000Z info  Latchkey 0.1.0 is running (pid 4711).'],
};

const replies: Partial<Record<ApiAction, unknown>> = {
  issueToken: {
    ...place,
    id: 't1',
    token: 'lk_secret',
    protocol: 'postgresql',
    role: 'sales_reader',
    command: 'psql',
  },
  makeHandle: { ...place, id: 'h1', handle: 'lkh_secret', tool: 'DBeaver' },
  revokeTokens: { revoked: 1 },
  cutSessions: { cut: 3 },
  enrolTotp: { uri: 'otpauth://totp/x', key: 'JBSW Y3DP', qr: [[true]] },
  confirmTotp: { recoveryCodes: ['7K3M-9Q2X'] },
  enrolPush: { uri: 'ntfy://push.example/topic', key: 'topic', qr: [[true]] },
  validateProvider: { checks: [{ name: 'authority', result: 'ok', message: 'It answers.' }] },
  runDoctor: { checks: [] },
  makeSupportBundle: { bundle: emptyBundle },
  readLogins: { logins: [] },
  readAudit: { entries: [] },
  verifyAudit: { ok: true, message: 'The audit is whole.', records: 0, files: 0, breaks: [] },
};

/** A broker that does nothing but write down what it was asked. */
export function createFakeBroker(
  state: AppState,
  changes: Partial<Omit<DesktopBroker, 'actions'>> & { actions?: Partial<DesktopBroker['actions']> } = {},
) {
  const calls: unknown[][] = [];
  const note =
    (name: string, reply?: unknown) =>
    async (...args: unknown[]): Promise<never> => {
      calls.push([name, ...args]);
      return reply as never;
    };
  const noted = Object.fromEntries(
    Object.keys(table).map((name) => [name, note(name, replies[name as ApiAction])]),
  );
  const broker: DesktopBroker = {
    state: () => state,
    subscribe: () => () => {},
    locked: note('locked'),
    unlocked: note('unlocked'),
    connect: {
      tools: note('tools', [{ id: 'dbeaver', title: 'DBeaver', installed: true }]),
      settings: note('settings', {
        title: 'DBeaver',
        needs: 'handle',
        steps: ['Restart DBeaver.'],
        fields: [{ label: 'Port', value: '6432' }],
        texts: [],
        files: [],
        canOpen: true,
      }),
      text: note('text', 'jdbc:postgresql://127.0.0.1:6432/sales'),
      field: note('field', '6432'),
      write: note('write', ['/home/adele/.pg_service.conf']),
      open: note('open'),
    },
    lists: {
      ofUrl: () => undefined,
      ofFile: () => ({ connections: [], skipped: [], leftPasswords: [] }),
      exportText: () => 'connections: []',
    },
    close: note('close'),
    auditFolder: '/var/audit',
    logFile: '/var/log/latchkey.log',
    exportAudit: note('exportAudit', 12),
    ...changes,
    actions: { ...noted, ...changes.actions } as unknown as DesktopBroker['actions'],
  };
  return { broker, calls };
}
