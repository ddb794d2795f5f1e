import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const firstRun = words('firstRun', {
  connect: 'Connect',
  steps: 'Steps',
  reachYourDatabasesWithYour: 'Reach your databases with your Microsoft sign-in',
  nothingIsSetUpYetChoose:
    'Nothing is set up yet. Choose how Latchkey learns where you sign in, and which databases there are.',
  joinYourOrganisation: 'Join your organisation',
  joinYourOrganisationButton: 'Join your organisation…',
  somebodyGaveYouAnAddressA: 'Somebody gave you an address, a link or a file. It brings all settings along.',
  tryTheDemo: 'Try the demo',
  theDemoIsStarting: 'The demo is starting…',
  startTheDemo: 'Start the demo',
  anInventedCompany:
    'An invented company, in a second Latchkey beside this one. Quit that one, and all of it is gone.',
  setUpByHand: 'Set up by hand',
  youKnowTheDomainOfYour: 'You know the domain of your tenant and the id of an app registration.',
  microsoftsAsTheAddressSays: 'Microsoft’s, as the address says',
  aLocalTenantOnThisComputer: 'A local tenant on this computer, for tests',
  foundTheTenant: (tenantId: string) => `Found the tenant ${tenantId}`,
  whereDoYouSignIn: 'Where do you sign in?',
  latchkeyFindsTheTenantByIts:
    'Latchkey finds the tenant by its domain, and tries the application before it writes anything.',
  findAndUseIt: 'Find and use it',
  domainOfYourSignInName: 'Domain of your sign-in name',
  whatStandsBehindTheTheTenants:
    'What stands behind the @. The tenant’s id, or an address that the portal shows under “Endpoints”, will do as well.',
  applicationClientId: 'Application (client) ID',
  ofTheAppRegistrationIn:
    'Of the app registration in Microsoft Entra ID, which “allows public client flows”.',
  anotherCloud: 'Another cloud',
  cloud: 'Cloud',
  addressOfGraph: 'Address of Graph',
  certificateAuthority: 'Certificate authority',
  theFileThatTheLocalTenant: 'The file that the local tenant has printed as “caFile”.',
  enterTheDomainOfYourTenant: 'Enter the domain of your tenant.',
  enterTheIdSuchAs: 'Enter the id, such as 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2.',
  enterThePathOfTheFile: 'Enter the path of the file.',
  tokenCopiedPasteItAsThe: 'Token copied. Paste it as the password.',
  commandCopied: 'Command copied',
  isSetUp: (connection: ReactNode) => rich`${connection} is set up`,
  runTheCommandOrFillIn:
    'Run the command, or fill in what it says in your SQL tool, and paste the token as the password.',
  noneOfYourGroupsOpensIt:
    'None of your groups opens it yet. Ask whoever manages access to add you to the group of its rule.',
  checkingEverything: 'Checking everything…',
  allChecksAreInOrder: 'All checks are in order.',
  checkAgain: 'Check again',
  thingsNeedALook: (count: number) =>
    plural(count, 'One thing needs a look:', `${count} things need a look:`),
  tryThePortAgain: 'Try the port again',
  unlockTheKeyring: 'Unlock the keyring',
  openTheAuditFolder: 'Open the audit folder',
  whichDatabaseDoYouWantTo: 'Which database do you want to reach?',
  yourSqlToolWillConnectTo:
    'Your SQL tool will connect to a port on this computer. Latchkey logs in to the server as the role of your group.',
});
