import type { prompts as English } from '../en/prompts.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const prompts: typeof English = {
  aLoginIsWaiting: 'Ein Login wartet – Latchkey',
  position: (position, count) => `${position} von ${count}`,
  aLoginWaitsForYourSecondFactor: 'Ein Login wartet auf Ihren zweiten Faktor',
  aLoginWaitsForYouToSignIn: 'Ein Login wartet auf Ihre Anmeldung',
  aProgramWaitsToBeAllowed: 'Ein Programm wartet auf Ihre Erlaubnis',
  andMore: (title, more) => rich`${title} und ${more} weitere`,
  answer: 'Antworten',
  notNow: 'Jetzt nicht',
  deny: 'Ablehnen',
  moreWaitAfterThisOne: (others) =>
    plural(others, 'Danach wartet noch eine Frage', `Danach warten noch ${others} Fragen`),
  whenDeniedBlock: 'Beim Ablehnen dieses Programm für eine Stunde sperren',
  deniedAndBlocked: (refused) => `${refused} Das Programm ist für eine Stunde gesperrt.`,
  canBeAnsweredForAnother: 'Zeit für Ihre Antwort: noch',
  theTimeToAnswerIsOver: 'Die Zeit für die Antwort ist um',
  canBeAnsweredForHalfAMinute: 'Für die Antwort bleibt noch eine halbe Minute',

  unknownProgram: 'unbekanntes Programm',
  theSystemDoesNotSayWhich: '(das System sagt nicht, welches)',
  process: (pid) => `Prozess ${pid}`,
  startedBy: 'Gestartet von',
  callsItself: 'Nennt sich',
  givesNoName: 'nennt keinen Namen',
  onlyItsOwnWord: '(nur seine eigene Angabe)',
  savedPassword: 'Gespeichertes Kennwort',
  of: (username) => rich`von ${username}`,
  inDatabase: (database) => rich`Datenbank ${database}`,
  inTenant: (tenant) => rich`Mandant ${tenant}`,
  from: 'Von',
  thisComputer: 'diesem Computer (Unix-Socket)',
  waiting: 'Es wartet',
  logins: (count) => plural(count, '1 Login', `${count} Logins`),
  noLoginAnyMore: (whatThen) => `kein Login mehr; ${whatThen}`,
  letsInToo: 'Lässt auch ein',
  onConnection: (title) => rich`bei ${title}`,
  asRoleOnConnection: (role, title) => rich`als ${role} bei ${title}`,

  mayProgramUse: (program, title) => rich`Darf ${program} ${title} nutzen?`,
  mayUnknownProgramUse: (title) => rich`Darf ein unbekanntes Programm ${title} nutzen?`,
  allowOnlyWhatYouHaveStarted:
    'Es ist noch nicht erlaubt. Erlauben Sie es nur, wenn Sie diesen Login gerade selbst gestartet haben.',
  allowForLongerThenConnectAgain:
    'erlauben Sie es für länger als einmal, und verbinden Sie das Programm dann noch einmal',
  connectAgainToBeAskedAgain: 'verbinden Sie das Programm noch einmal, um wieder gefragt zu werden',
  allow: 'Erlauben',
  allowOnce: 'Einmal erlauben',
  allowIt: 'Wie lange?',
  once: 'einmal',
  forAnHour: 'für eine Stunde',
  untilTheScreenIsLocked: 'bis der Bildschirm gesperrt wird',
  always: 'immer: dieses Programm für diese Verbindung',
  thenOpensNothingForOthers: 'Das gespeicherte Kennwort öffnet dann nichts für ein anderes Programm.',
  canBeAllowedOnlyOnce:
    'Es kann nur einmal erlaubt werden: Das System sagt zu wenig darüber, um es beim nächsten Mal wiederzuerkennen.',
  allowed: 'Erlaubt. Der Login geht weiter.',
  deniedTheProgram: 'Abgelehnt. Das Programm wird nicht eingelassen.',

  signInToReach: (title) => rich`Melden Sie sich an, um ${title} zu erreichen`,
  aToolWantsToLogIn:
    'Ein Werkzeug will sich mit seinem gespeicherten Kennwort einloggen, und niemand ist angemeldet. Sobald Sie es sind, geht sein Login von selbst weiter. Melden Sie sich nur an, wenn Sie das Werkzeug gerade selbst gestartet haben.',
  signInThenConnectAgain: 'melden Sie sich an, und verbinden Sie das Werkzeug dann noch einmal',
  application: (applicationId) => `Anwendung ${applicationId}`,
  thePageIsOpenInYourBrowser:
    'Die Anmeldeseite ist in Ihrem Browser geöffnet. Melden Sie sich dort an: Latchkey merkt es von selbst.',
  youAreSignedIn: 'Sie sind angemeldet. Der Login geht weiter.',
  cancelled: 'Abgebrochen. Der Login wird abgelehnt.',

  secondFactorFor: (title) => rich`Zweiter Faktor für ${title}`,
  approveOnlyThisLogin: 'Bestätigen Sie nur, wenn Sie diesen Login gerade selbst gestartet haben.',
  approveOnlyTheseLogins: 'Bestätigen Sie nur, wenn Sie alle diese Logins gerade selbst gestartet haben.',
  countsForThisSignIn: (lead) => `${lead} Die Antwort gilt für diese ganze Anmeldung.`,
  countsForTheNextOne: 'Ihre Antwort gilt für den nächsten',
  sixDigitsPasteSends:
    'Sechs Ziffern, oder einer Ihrer Wiederherstellungscodes. Sechs Ziffern, die Sie einfügen, werden sofort gesendet.',
  approve: 'Bestätigen',
  or: 'oder',
  askingYourPhone: 'Ihr Telefon wird gefragt …',
  noCodeIsTakenUntil: (time) => `Bis ${time} wird kein Code angenommen`,
  tooManyWrongOnes: 'Es gab zu viele falsche.',
  accepted: 'Angenommen. Der Login geht weiter.',
  deniedTheLogin: 'Abgelehnt. Der Login wird nicht eingelassen.',
};
