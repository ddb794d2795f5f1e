import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

export const security = words('security', {
  security: 'Security',
  signInToSeeYourSecond: 'Sign in to see your second factors',
  theyBelongToYourAccountSo: 'They belong to your account, so Latchkey has to know who you are.',
  eachAccountHasSecondFactorsOf: 'Each account has second factors of its own.',
  youNeedASecondFactor: 'You need a second factor',
  aDatabaseThatYouMayUse:
    'A database that you may use asks for one at login. Until you have one, it lets you in nowhere.',
  signingIn: 'Signing in',
  withUserNamePasswordAndCode: 'with user name, password and code',
  or: ', or ',
  whichWaysThereAreAndIn:
    'Which ways there are, and in which order they are offered, is set for each provider.',
  sixDigitsOrOneOfYour: 'Six digits, or one of your recovery codes.',
  goOn: 'Go on',
  setUpAnotherOne: 'Set up another one',
  authenticatorRemoved: 'Authenticator removed',
  authenticatorApplication: 'Authenticator application',
  setUp: 'Set up',
  notSetUp: 'Not set up',
  anApplicationOnYourPhoneShows:
    'An application on your phone shows six digits that change every half minute. Any that knows the usual standard (TOTP) will do.',
  removeTheAuthenticator: 'Remove the authenticator',
  setUpAnAuthenticator: 'Set up an authenticator',
  codeOfTheAuthenticatorYouHave: 'Code of the authenticator you have now',
  removeAuthenticator: 'Remove authenticator',
  theNewAuthenticatorTakesThe:
    'The new authenticator takes the place of this one, and new recovery codes that of the old ones.',
  loginsThenNeedYourPhone: 'Logins that ask for a second factor then need your phone.',
  loginsThenRefuseYou: 'Logins that ask for a second factor then refuse you.',
  scanThisWithTheApplication: 'Scan this with the application',
  qrCodeWithTheKeyFor: 'QR code with the key for your authenticator. The same key is written out beside it.',
  noCameraTypeInThisKey: 'No camera? Type in this key:',
  kindTimeBasedSixDigitsEvery:
    'Kind: time-based, six digits, every 30 seconds. Whoever sees the key can make your codes.',
  enterTheCodeThatItShows: 'Enter the code that it shows',
  sixDigits: 'Six digits',
  confirm: 'Confirm',
  authenticatorSetUp: 'Authenticator set up',
  codesLeft: (count: number) =>
    plural(
      count,
      '1 recovery code is left for the day when your phone is not at hand.',
      `${count} recovery codes are left for the day when your phone is not at hand.`,
    ),
  fewCodesLeft: (count: number) =>
    count === 0
      ? 'No recovery codes are left'
      : plural(count, '1 recovery code is left', `${count} recovery codes are left`),
  setUpTheAuthenticatorOnceMore: 'Set up the authenticator once more to get new ones.',
  lockedUntil: (until: string) => `Locked until ${until}`,
  thereWereTooManyWrongCodes:
    'There were too many wrong codes. If they were not yours, tell your administrator.',
  phoneRemoved: 'Phone removed',
  phoneSetUp: 'Phone set up',
  phone: 'Phone',
  notOffered: 'Not offered',
  codeOfYourAuthenticator: 'Code of your authenticator',
  removePhone: 'Remove phone',
  subscribeInTheNtfyApplication: 'Subscribe in the ntfy application',
  qrCodeWithTheTopicFor: 'QR code with the topic for your phone. The same topic is written out beside it.',
  scanThisWithTheCameraOr: (host: ReactNode) =>
    rich`Scan this with the camera, or add a subscription on the server ${host} to this topic:`,
  whoeverKnowsTheTopicCanRead: 'Whoever knows the topic can read who logs in where.',
  tryIt: 'Try it',
  latchkeySendsARequestWithThree:
    'Latchkey sends a request with three numbers to choose from. It approves nothing.',
  waitingForThePhone: 'Waiting for the phone…',
  sendTheRequest: 'Send the request',
  removeThePhone: 'Remove the phone',
  setUpAPhone: 'Set up a phone',
  yourAdministratorHasNotSetUp: 'Your administrator has not set up a server that can reach phones.',
  aPhoneIsSetUpSet: 'A phone is set up. Set up an authenticator application before you change or remove it.',
  setUpAnAuthenticatorFirst:
    'Set up an authenticator application first: it is the way back in when the phone is lost.',
  atALoginYourPhoneCan:
    'At a login your phone can be asked: it shows three numbers, and you choose the one on this screen.',
  withTheNtfyApplicationYour:
    'With the ntfy application your phone can be asked at a login: it shows three numbers, and you choose the one on this screen.',
  yourRecoveryCodes: 'Your recovery codes',
  eachLetsYouInOnceWhen:
    'Each lets you in once when your authenticator is not at hand. They are not shown again: print them, or put them into your password manager.',
  recoveryCodes: 'Recovery codes',
  recoveryCodesCopied: 'Recovery codes copied',
  print: 'Print',
  iHaveStoredThemInA: 'I have stored them in a safe place',
  loginsAndDatabaseSessionsGoOn:
    'Logins and database sessions go on. Programs that were allowed until then are asked about again.',
  tokensAndDatabaseSessionsEnd: 'Tokens and database sessions end, and nobody is let in until the unlock.',
  everyAccountIsSignedOutTokens: 'Every account is signed out; tokens and database sessions end.',
  notSetThisIsWhatLatchkey: 'Not set; this is what Latchkey does by itself',
  setByYourOrganisation: 'Set by your organisation',
  setInYourConfigurationFile: 'Set in your configuration file',
  lockedScreenAndWaitingLogins: 'Locked screen and waiting logins',
  whenTheScreenIsLocked: 'When the screen is locked',
  howLongALoginWaitsFor: (protocol: string) => `How long a login of ${protocol} waits for you`,
  programsWhoseOwnPatienceIs: 'Programs whose own patience is known have a time of their own.',
  everythingGoesOn: 'Everything goes on',
  tokensAndSessionsEnd: 'Tokens and sessions end',
  everybodyIsSignedOut: 'Every account is signed out',
  policySaved: 'Written into the configuration file',
});
