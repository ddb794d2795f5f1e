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
  users: { ines: '7a115919-0000-4000-8000-000000000b01', jonas: '7a115919-0000-4000-8000-000000000b02' },
} as const;

/** The password of every user of the sample organisation; the accounts exist on this machine only. */
export const samplePassword = 'correct horse battery staple';

type SampleUser = NonNullable<Directory['tenants'][number]['users']>[number];

/** Somebody of the first company, with a name and a mailbox like everybody's. */
function employee(
  id: string,
  givenName: string,
  surname: string,
  jobTitle: string,
  department: string,
  more: Partial<SampleUser> = {},
): SampleUser {
  const mail = `${givenName.toLowerCase()}@fabrikam.example`;
  const displayName = `${givenName} ${surname}`;
  const name = { userPrincipalName: mail, displayName, givenName, surname, mail };
  return { id, ...name, jobTitle, department, password: samplePassword, ...more };
}

/**
 * A company with users in different groups, nested up to three deep, and a second company beside it.
 * @long sample data, as one value
 */
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
          employee(users.ada, 'Ada', 'Marsh', 'Data analyst', 'Reporting'),
          employee(users.bruno, 'Bruno', 'Keller', 'Database administrator', 'Platform', { mfa: true }),
          employee(users.chiara, 'Chiara', 'Conti', 'Accountant', 'Finance'),
          employee(users.dmitri, 'Dmitri', 'Osei', 'Intern', 'Facilities'),
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
          employee(users.harriet, 'Harriet', 'Lund', 'Head of data', 'Platform'),
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
