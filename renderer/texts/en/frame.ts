import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const frame = words('frame', {
  theAuditHasToReachIt: (message: string, from: string) =>
    `${message} The audit has to reach it: nobody is let in from ${from} on.`,
  theGatewaysWereRestartedAt: (time: string) => `The gateways were restarted at ${time}, after an error.`,
  sessionsThroughThemEnded: (sessions: number) =>
    sessions === 0
      ? 'No database session was open. Your tools can connect as before.'
      : plural(
          sessions,
          'One database session through them ended. Your tools can connect again.',
          `${sessions} database sessions through them ended. Your tools can connect again.`,
        ),
  thisIsALocalTestTenant: 'This is a local test tenant, not Microsoft',
  signInsGoToAStand: 'Sign-ins go to a stand-in on this computer. Do not enter a real password.',
  access: 'Access',
  activity: 'Activity',
  audit: 'Audit',
  tools: 'Tools',
  connections: 'Connections',
  security: 'Security',
  providers: 'Providers',
  doctor: 'Doctor',
  settings: 'Settings',
  about: 'About',
  versionLicencesLog: 'version licences log configuration support bundle help',
  latchkey: 'Latchkey',
  liveDatabaseSessions: ' live database sessions',
  goTo: 'Go to',
  connectionsToolsAndActions: 'Connections, tools and actions',
  found: 'Found',
  asIt: (objectId: string) => `, as ${objectId}`,
  action: 'Action',
  copyToken: (title: string, role: string, row: string) => `Copy token: ${title}, ${role}${row}`,
  tokenForCopiedPasteItAs: (title: string) => `Token for ${title} copied. Paste it as the password.`,
  tool: 'Tool',
  connectTo: (title: string, connection: string) => `Connect ${title} to ${connection}`,
  open: (title: string) => `Open ${title}`,
  addAnAccount: 'Add an account',
  signIn: 'sign in',
  signOut: (username: string) => `Sign out ${username}`,
  whatCountedBeforeGoesOn: (remedy: string) => `${remedy} What counted before goes on.`,
  somethingInTheConfiguration: 'Something in the configuration counts from the next start of Latchkey',
  theConfigurationCountsAsItIs: 'The configuration counts as it is now',
  theConfigurationFileHasChanged: 'The configuration file has changed',
  andMore: (changes: number) => `and ${changes} more`,
  databaseSessionsDoNotStandIn: (ends: number) =>
    plural(
      ends,
      'One database session does not stand in it any more and ends.',
      `${ends} database sessions do not stand in it any more and end.`,
    ),
  applyTheChanges: 'Apply the changes',
  nothingThatCountsHasChangedIn: 'Nothing that counts has changed in the configuration',
  connectionsWithAFault: 'Connections with a fault',
  connectionsAreLeftOutForTheir: (faulty: number) =>
    plural(
      faulty,
      'One connection is left out for its settings. All others go on.',
      `${faulty} connections are left out for their settings. All others go on.`,
    ),
  forIt: (path: string, name: string) => `${path} for ${name}`,
  faultsIn: (path: string) => `Faults in ${path}`,
  faultsOf: (name: string) => `Faults of ${name}`,
  openFile: (what: string) => `Open file ${what}`,
  inIt: 'In it',
  line: (line: number) => `Line ${line}`,
  yourStoredSignInPasswordsAnd: 'Your stored sign-in and passwords cannot be read now',
  unlockTheKeyring: 'Unlock the keyring',
  notSignedIn: 'Not signed in',
  signingIn: 'Signing in…',
  whoIsSignedIn: 'Who is signed in',
  accounts: 'Accounts',
  signedInUntil: 'Signed in until ',
  countOfAccounts: (accounts: number) => `${accounts} accounts`,
  areSignedIn: ' are signed in',
  until: (username: ReactNode, until: ReactNode) => rich`${username} until ${until}`,
  usualAccount: 'Usual account',
  makeUsual: (username: string) => `Make usual: ${username}`,
  makeUsualShort: 'Make usual',
  signOutShort: 'Sign out',
  signedInUntilForAnother: (until: ReactNode, roughly: ReactNode) =>
    rich`Signed in until ${until}, for another ${roughly}`,
  comesBackByItselfWhenIts: (username: ReactNode, provider: ReactNode) =>
    rich`${username} (${provider}) comes back by itself when its directory can be reached.`,
  yourGroups: (groups: number, written: string) => plural(groups, 'Your group', `Your ${written} groups`),
  read: (ago: string) => `read ${ago}`,
  searchYourGroups: 'Search your groups',
  of: (found: string, groups: string) => `${found} of ${groups}`,
  theDirectoryListsNoGroupsFor: 'The directory lists no groups for you, so no rule can let you in.',
  yourGroupsHeading: 'Your groups',
  objectId: 'Object id',
  nameNotReadable: 'Name not readable',
  thisLinkLeadsNowhere: 'This link leads nowhere',
  thereIsNoConnectionWithThe: (name: ReactNode) =>
    rich`There is no connection with the name ${name} here. Ask whoever gave you the link.`,
  latchkeyHasNoScreenForIt:
    'Latchkey has no screen for it. It may be for a newer version; ask whoever gave you the link.',
  databaseSessionsEndAtOnce: (live: number) =>
    plural(live, 'One database session ends at once.', `${live} database sessions end at once.`),
  signOutQuestion: 'Sign out?',
  queriesThatRunStop: (username: ReactNode, endsAtOnce: ReactNode) =>
    rich`${username}: ${endsAtOnce} Queries that run stop.`,
});
