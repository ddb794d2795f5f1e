import type { Directory } from './directory-schema.ts';

/** Ids of the sample organisation that a demo configuration names. */
export const fabrikam = {
  tenantId: 'f4b1ca00-0000-4000-8000-000000000001',
  clientId: 'f4b1ca00-0000-4000-8000-00000000c11e',
  groups: {
    staff: 'f4b1ca00-0000-4000-8000-000000000a01',
    dataAnalysts: 'f4b1ca00-0000-4000-8000-000000000a02',
    databaseAdministrators: 'f4b1ca00-0000-4000-8000-000000000a03',
    finance: 'f4b1ca00-0000-4000-8000-000000000a04',
    reportingTeam: 'f4b1ca00-0000-4000-8000-000000000a05',
    dataPlatform: 'f4b1ca00-0000-4000-8000-000000000a06',
  },
  users: {
    ada: 'f4b1ca00-0000-4000-8000-000000000b01',
    bruno: 'f4b1ca00-0000-4000-8000-000000000b02',
    chiara: 'f4b1ca00-0000-4000-8000-000000000b03',
    dmitri: 'f4b1ca00-0000-4000-8000-000000000b04',
    esther: 'f4b1ca00-0000-4000-8000-000000000b05',
    farid: 'f4b1ca00-0000-4000-8000-000000000b06',
    guest: 'f4b1ca00-0000-4000-8000-000000000b07',
    harriet: 'f4b1ca00-0000-4000-8000-000000000b08',
  },
} as const;

/** Ids of the second tenant, whose users are strangers to the first one except for its guest. */
export const tailspin = {
  tenantId: '7a115919-0000-4000-8000-000000000001',
  clientId: '7a115919-0000-4000-8000-00000000c11e',
  groups: { pilots: '7a115919-0000-4000-8000-000000000a01' },
  users: {
    ines: '7a115919-0000-4000-8000-000000000b01',
    jonas: '7a115919-0000-4000-8000-000000000b02',
  },
} as const;

/** The password of every user of the sample organisation; the accounts exist on this machine only. */
export const samplePassword = 'correct horse battery staple';

/** A company with users in different groups, nested up to three deep, and a second company beside it. */
export function sampleOrganisation(): Directory {
  const { groups, users } = fabrikam;
  const password = samplePassword;
  return {
    tenants: [
      {
        id: fabrikam.tenantId,
        displayName: 'Fabrikam (sample)',
        domains: ['fabrikam.example'],
        users: [
          {
            id: users.ada,
            userPrincipalName: 'ada@fabrikam.example',
            displayName: 'Ada Marsh',
            givenName: 'Ada',
            surname: 'Marsh',
            mail: 'ada@fabrikam.example',
            jobTitle: 'Data analyst',
            department: 'Reporting',
            password,
          },
          {
            id: users.bruno,
            userPrincipalName: 'bruno@fabrikam.example',
            displayName: 'Bruno Keller',
            givenName: 'Bruno',
            surname: 'Keller',
            mail: 'bruno@fabrikam.example',
            jobTitle: 'Database administrator',
            department: 'Platform',
            mfa: true,
            password,
          },
          {
            id: users.chiara,
            userPrincipalName: 'chiara@fabrikam.example',
            displayName: 'Chiara Conti',
            givenName: 'Chiara',
            surname: 'Conti',
            mail: 'chiara@fabrikam.example',
            jobTitle: 'Accountant',
            department: 'Finance',
            password,
          },
          {
            id: users.dmitri,
            userPrincipalName: 'dmitri@fabrikam.example',
            displayName: 'Dmitri Osei',
            givenName: 'Dmitri',
            surname: 'Osei',
            mail: 'dmitri@fabrikam.example',
            jobTitle: 'Intern',
            department: 'Facilities',
            password,
          },
          {
            id: users.esther,
            userPrincipalName: 'esther@fabrikam.example',
            displayName: 'Esther Vale',
            givenName: 'Esther',
            surname: 'Vale',
            jobTitle: 'Left the company',
            accountEnabled: false,
            password,
          },
          {
            id: users.farid,
            userPrincipalName: 'farid@fabrikam.example',
            displayName: '🦊 <b>Farid</b> & "Sons" \u202Egnp.exe\u202C',
            givenName: 'Farid',
            mail: 'farid@fabrikam.example',
            jobTitle: 'Has a difficult name',
            password,
          },
          {
            id: users.guest,
            userPrincipalName: 'ines_tailspin.example#EXT#@fabrikam.example',
            displayName: 'Ines Duarte (guest)',
            mail: 'ines@tailspin.example',
            home: { tenantId: tailspin.tenantId, userId: tailspin.users.ines },
          },
          {
            id: users.harriet,
            userPrincipalName: 'harriet@fabrikam.example',
            displayName: 'Harriet Lund',
            givenName: 'Harriet',
            surname: 'Lund',
            mail: 'harriet@fabrikam.example',
            jobTitle: 'Head of data',
            department: 'Platform',
            password,
          },
        ],
        groups: [
          {
            id: groups.staff,
            displayName: 'Staff',
            description: 'Everybody with a contract',
            members: [groups.dataPlatform, groups.finance, users.dmitri, users.esther, users.farid],
          },
          {
            id: groups.dataPlatform,
            displayName: 'Data Platform',
            members: [groups.dataAnalysts, groups.databaseAdministrators, users.harriet],
          },
          {
            id: groups.dataAnalysts,
            displayName: 'Data Analysts',
            description: 'May read the sales data',
            members: [groups.reportingTeam, users.harriet, users.guest],
          },
          { id: groups.reportingTeam, displayName: 'Reporting Team', members: [users.ada] },
          {
            id: groups.databaseAdministrators,
            displayName: 'Database Administrators',
            description: 'May change every database',
            members: [users.bruno],
          },
          {
            id: groups.finance,
            displayName: 'Finance',
            description: 'May read the ledger',
            mail: 'finance@fabrikam.example',
            members: [users.chiara],
          },
        ],
        applications: [
          {
            clientId: fabrikam.clientId,
            displayName: 'Latchkey',
            apiPermissions: ['User.Read', 'GroupMember.Read.All', 'User.ReadBasic.All'],
            consentedScopes: [
              'User.Read',
              'GroupMember.Read.All',
              'User.ReadBasic.All',
              'https://ossrdbms-aad.database.windows.net/user_impersonation',
              'https://database.windows.net/user_impersonation',
            ],
            applicationPermissions: ['GroupMember.Read.All', 'User.Read.All'],
            secrets: ['sample-application-secret'],
          },
        ],
      },
      {
        id: tailspin.tenantId,
        displayName: 'Tailspin (sample)',
        domains: ['tailspin.example'],
        users: [
          {
            id: tailspin.users.ines,
            userPrincipalName: 'ines@tailspin.example',
            displayName: 'Ines Duarte',
            mail: 'ines@tailspin.example',
            password,
          },
          {
            id: tailspin.users.jonas,
            userPrincipalName: 'jonas@tailspin.example',
            displayName: 'Jonas Roth',
            mail: 'jonas@tailspin.example',
            password,
          },
        ],
        groups: [
          { id: tailspin.groups.pilots, displayName: 'Pilots', members: Object.values(tailspin.users) },
        ],
        applications: [
          {
            clientId: tailspin.clientId,
            displayName: 'Latchkey at Tailspin',
            apiPermissions: ['User.Read', 'GroupMember.Read.All'],
            consentedScopes: ['User.Read', 'GroupMember.Read.All'],
          },
        ],
      },
    ],
  };
}
