import type { ReactNode } from 'react';
import { rich } from '../rich.ts';
import { words } from '../words.ts';
import { plural } from './plural.ts';

/** Of what logins wait for, in the main window and in the small one that asks. */
export const prompts = words('prompts', {
  aLoginIsWaiting: 'A login is waiting – Latchkey',
  position: (position: number, count: number) => `${position} of ${count}`,
  aLoginWaitsForYourSecondFactor: 'A login is waiting for your second factor',
  aLoginWaitsForYouToSignIn: 'A login is waiting for you to sign in',
  aProgramWaitsToBeAllowed: 'A program is waiting to be allowed',
  andMore: (title: ReactNode, more: number) => rich`${title}, and ${more} more`,
  answer: 'Answer',
  notNow: 'Not now',
  deny: 'Deny',
  moreWaitAfterThisOne: (others: number) =>
    plural(others, 'One more waits after this one', `${others} more wait after this one`),
  whenDeniedBlock: 'When denied, block this program for an hour',
  deniedAndBlocked: (refused: string) => `${refused} The program is blocked for an hour.`,
  canBeAnsweredForAnother: 'Can be answered for another',
  theTimeToAnswerIsOver: 'The time to answer is over',
  canBeAnsweredForHalfAMinute: 'The prompt can be answered for half a minute more',

  unknownProgram: 'unknown program',
  theSystemDoesNotSayWhich: '(the system does not say which one)',
  process: (pid: number) => `process ${pid}`,
  startedBy: 'Started by',
  callsItself: 'Calls itself',
  givesNoName: 'gives no name',
  onlyItsOwnWord: '(only its own word)',
  savedPassword: 'Saved password',
  of: (username: ReactNode) => rich`of ${username}`,
  inDatabase: (database: ReactNode) => rich`database ${database}`,
  inTenant: (tenant: ReactNode) => rich`tenant ${tenant}`,
  from: 'From',
  thisComputer: 'this computer (unix socket)',
  waiting: 'Waiting',
  logins: (count: number) => plural(count, '1 login', `${count} logins`),
  noLoginAnyMore: (whatThen: string) => `no login any more; ${whatThen}`,
  letsInToo: 'Lets in too',
  onConnection: (title: ReactNode) => rich`on ${title}`,
  asRoleOnConnection: (role: ReactNode, title: ReactNode) => rich`as ${role} on ${title}`,

  mayProgramUse: (program: ReactNode, title: ReactNode) => rich`May ${program} use ${title}?`,
  mayUnknownProgramUse: (title: ReactNode) => rich`May an unknown program use ${title}?`,
  allowOnlyWhatYouHaveStarted:
    'It has not been allowed yet. Allow it only if you have just started this login yourself.',
  allowForLongerThenConnectAgain: 'allow it for longer than once, then connect again',
  connectAgainToBeAskedAgain: 'connect again to be asked again',
  allow: 'Allow',
  allowOnce: 'Allow once',
  allowIt: 'Allow it',
  once: 'once',
  forAnHour: 'for an hour',
  untilTheScreenIsLocked: 'until the screen is locked',
  always: 'always: this program for this connection',
  thenOpensNothingForOthers: 'The saved password then opens nothing for any other program.',
  canBeAllowedOnlyOnce:
    'It can be allowed only once: the system does not tell enough about it to recognise it when it comes again.',
  allowed: 'Allowed. The login goes on.',
  deniedTheProgram: 'Denied. The program is not let in.',

  signInToReach: (title: ReactNode) => rich`Sign in to reach ${title}`,
  aToolWantsToLogIn:
    'A tool wants to log in with its saved password, and nobody is signed in. Its login goes on by itself once you are. Sign in only if you have just started the tool yourself.',
  signInThenConnectAgain: 'sign in, then connect again',
  application: (applicationId: string) => `Application ${applicationId}`,
  thePageIsOpenInYourBrowser:
    'The sign-in page has been opened in your browser. Sign in there: Latchkey notices by itself.',
  youAreSignedIn: 'You are signed in. The login goes on.',
  cancelled: 'Cancelled. The login is refused.',

  secondFactorFor: (title: ReactNode) => rich`Second factor for ${title}`,
  approveOnlyThisLogin: 'Approve only if you have just started this login yourself.',
  approveOnlyTheseLogins: 'Approve only if you have just started all of these logins yourself.',
  countsForThisSignIn: (lead: string) => `${lead} It counts for this whole sign-in.`,
  countsForTheNextOne: 'your answer counts for the next one',
  sixDigitsPasteSends:
    'Six digits, or one of your recovery codes. Six digits that you paste are sent at once.',
  approve: 'Approve',
  or: 'or',
  askingYourPhone: 'Asking your phone…',
  noCodeIsTakenUntil: (time: string) => `No code is taken until ${time}`,
  tooManyWrongOnes: 'There were too many wrong ones.',
  accepted: 'Accepted. The login goes on.',
  deniedTheLogin: 'Denied. The login is refused.',
});
