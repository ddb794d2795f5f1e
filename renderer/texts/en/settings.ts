import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const settings = words('settings', {
  system: 'System',
  light: 'Light',
  dark: 'Dark',
  settings: 'Settings',
  onThisComputer: 'On this computer',
  whatIsStoredOfYourSign: 'What is stored of your sign-in cannot be read now.',
  yourSignInIsKeptEncrypted: 'Your sign-in is kept encrypted, with a key that your system guards.',
  yourSignInIsKeptWithAKeyFile:
    'Your sign-in is kept encrypted, with a key file that your administrator has set up.',
  yourSignInIsKeptIn: 'Your sign-in is kept in memory only: after a restart you sign in again.',
  appearance: 'Appearance',
  language: 'Language',
  languageOfTheSystem: 'As the system',
  someTextsAreEnglish: 'Errors, and what databases say, stay English.',
  startWhenILogInTo: 'Start when I log in to this computer',
  withoutTheWindowSoThatYour: 'Without the window, so that your databases are within reach.',
  aClickAtTheTrayIcon: 'A click at the tray icon opens',
  itsMenuComesWithTheRightButton: 'Its menu comes with the right button.',
  theSmallWindowBesideIt: 'a small window beside it',
  theWindowOfLatchkey: 'Latchkey',
  whenALoginWaitsForYou: 'When a login waits for you',
  notifications: 'Notifications',
  tokensLeaveTheClipboardAfter: 'Tokens leave the clipboard after',
  unlessYouHaveCopiedSomething: 'Unless you have copied something else by then.',
  latchkeyGoesOnInTheBackground: 'Latchkey goes on in the background when you close this window.',
  quittingClosesTheWayToYour: 'Quitting closes the way to your databases.',
  quitLatchkey: 'Quit Latchkey',
  quitLatchkeyQuestion: 'Quit Latchkey?',
  databaseSessionsAreOpenAndEnd: (live: number) =>
    plural(
      live,
      'A database session is open and ends at once.',
      `${live} database sessions are open and end at once.`,
    ),
  showItAndLeaveTheKeyboard: 'Show it, and leave the keyboard where it is',
  bringItToTheFrontWith: 'Bring it to the front, with the keyboard',
  onlyNotifyMe: 'Only notify me',
  aSmallWindowAsksAboveAll:
    'A small window asks, above all others and with a sound, unless you look at this one.',
  withoutThemALoginThatWaits: 'Without them a login that waits is asked about in its window all the same.',
  stable: 'Stable',
  beta: 'Beta',
  updates: 'Updates',
  download: 'Download',
  checkNow: 'Check now',
  restartToUpdate: 'Restart to update',
  restartToUpdateQuestion: 'Restart to update?',
  restart: 'Restart',
  whichVersions: 'Which versions',
  setByYourOrganisation: 'Set by your organisation.',
  betaVersionsComeEarlierAndHave: 'Beta versions come earlier, and have been tried by fewer people.',
  organisationPinned: (version: string) =>
    `Your organisation has set version ${version}: no other one is taken.`,
  filePinned: (version: string) =>
    `Your configuration file has set version ${version}: no other one is taken.`,
  organisationServer: (address: ReactNode) => rich`Your organisation has set the server: ${address}`,
  fileServer: (address: ReactNode) => rich`Your configuration file has set the server: ${address}`,
});
