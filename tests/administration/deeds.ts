import { accountPassword } from './world.ts';

/** Everything that administers, with bodies that would change something. */
export const deeds: readonly [path: string, body: object][] = [
  ['/v1/providers/save', { name: 'theirs', type: 'local', enabled: true }],
  ['/v1/providers/save', { name: 'theirs', type: 'local', enabled: false }],
  [
    '/v1/providers/save',
    { name: 'fabrikam', type: 'azure-directory', enabled: true, domains: ['evil.example'] },
  ],
  ['/v1/providers/enable', { name: 'fabrikam', enabled: false }],
  ['/v1/providers/enable', { name: 'emergency', enabled: false }],
  ['/v1/providers/remove', { name: 'emergency' }],
  ['/v1/providers/secret', { name: 'fabrikam', secret: 'theirs' }],
  [
    '/v1/connections/save',
    {
      connections: [
        {
          name: 'theirs',
          is: 'new',
          settings: {
            protocol: 'postgresql',
            upstream: { host: 'evil.example', database: 'sales' },
            rules: [{ group: '00000000-0000-0000-0000-000000000000', role: 'sales_owner' }],
          },
        },
      ],
    },
  ],
  ['/v1/connections/save', { connections: [{ name: 'sales', is: 'there', settings: { title: 'theirs' } }] }],
  ['/v1/connections/remove', { name: 'payroll' }],
  ['/v1/policies', { onLock: 'sign-out' }],
  ['/v1/policies', { hold: { postgresql: 1 } }],
  ['/v1/secrets', { name: 'sales-readonly', value: 'theirs' }],
  ['/v1/secrets', { name: 'sales-readonly', value: null }],
  ['/v1/secrets', { name: 'payroll-clerk', value: 'theirs' }],
  ['/v1/local-accounts/add', { username: 'spare', password: accountPassword }],
  ['/v1/local-accounts/enrol', { username: 'night' }],
  ['/v1/local-accounts/password', { username: 'night', password: accountPassword }],
  ['/v1/local-accounts/enable', { username: 'night', enabled: false }],
  ['/v1/local-accounts/remove', { username: 'night' }],
  ['/v1/audit/prune', { before: '2999-01-01T00:00:00Z' }],
  ['/v1/audit/prune', { before: '2999-01-01T00:00:00Z', archive: '/nonexistent/theirs' }],
  ['/v1/mfa/totp/enrol', {}],
  ['/v1/mfa/totp/remove', {}],
  ['/v1/mfa/push/enrol', {}],
  ['/v1/mfa/push/remove', {}],
  ['/v1/mfa/reset', {}],
  ['/v1/organisation/join', { address: 'https://evil.example/latchkey.bundle#theirs' }],
  ['/v1/organisation/leave', {}],
];
