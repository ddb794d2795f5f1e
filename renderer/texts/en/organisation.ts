import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';

export const organisation = words('organisation', {
  yourOrganisation: 'Your organisation',
  yourOrganisationHasSettingsFor:
    'Your organisation has settings for this computer. What it does not set is yours.',
  youCannotChange: 'You cannot change',
  youCannotHave: 'You cannot have',
  ofYourFileThisDoesNot: 'Of your file this does not count',
  providersOfYourOwn: 'providers of your own',
  connectionsOfYourOwn: 'connections of your own',
  breakGlassAccountsOfYourOwn: 'break-glass accounts of your own',
  connectionsOfYourOwnThatRun: 'connections of your own that run commands',
  organisationByAddressOrFile: 'Organisation by address or file',
  youHaveJoinedNoOrganisationBy: 'You have joined no organisation by its address or a file.',
  withItLatchkeyTakesSignIn: 'With it Latchkey takes sign-in and databases from there.',
  joinAnOrganisation: 'Join an organisation…',
  serialNumberIssuedFrom: (serial: ReactNode, part: ReactNode, url: ReactNode) =>
    rich`Serial number ${serial}, issued ${part}, from ${url}`,
  fingerprintOfItsKey: (fingerprint: string) => `Fingerprint of its key: ${fingerprint}`,
  itDoesNotCountThisComputer: 'It does not count: this computer has settings of its own.',
  leave: 'Leave…',
  leaveQuestion: (name: string) => `Leave ${name}?`,
  whatItHasSetDoesNot: 'What it has set does not count any more. Sessions that stand on it end.',
  leaveConfirm: 'Leave',
  joinAnOrganisationHeading: 'Join an organisation',
  theAddress: 'The address',
  theFile: 'The file',
  isThatOf: (file: string, organisation: string) => `${file} is that of ${organisation}`,
  addressOfTheOrganisation: 'Address of the organisation',
  showWhatItSets: 'Show what it sets',
  yourOrganisationMayHaveGiven:
    'Your organisation may have given you an address or a file. It sets where you sign in, and to which databases Latchkey leads. Take it only from somebody whom you know.',
  chooseAFileInstead: 'Choose a file instead…',
  chooseAnotherFile: 'Choose another file…',
  enterAnAddressInstead: 'Enter an address instead',
  address: 'Address',
  itBeginsWithHttpsAndEnds: 'It begins with https:// and ends with # and 43 characters.',
  pasteTheAddressThatYour: 'Paste the address that your organisation has given you.',
  fingerprintLabel: 'Fingerprint of its key',
  itHas43CharactersAskYour:
    'It has 43 characters. Ask your organisation for it, on another way than the file came.',
  pasteTheFingerprintThatYour: 'Paste the fingerprint that your organisation has given you.',
  organisation: 'Organisation',
  from: 'From',
  serialNumber: 'Serial number',
  whatItSets: 'What it sets',
  nothingYet: 'Nothing yet.',
  itMayChangeThisLaterWithout:
    'It may change this later without asking you. You can leave it in the settings.',
  join: 'Join',
});
