import type { signIn as English } from '../en/sign-in.ts';
import { rich } from '../rich.ts';

export const signIn: typeof English = {
  contactingTheDirectory: 'Das Verzeichnis wird angesprochen …',
  itAnswersWithinAFewSeconds: 'Es antwortet in wenigen Sekunden.',
  signedInReadingYourGroups: 'Angemeldet. Ihre Gruppen werden gelesen …',
  yourGroupsDecideWhichDatabases: 'Ihre Gruppen entscheiden, welche Datenbanken Sie nutzen dürfen.',
  restoringYourLastSignIn: 'Ihre letzte Anmeldung wird wiederhergestellt …',
  noCodeIsNeededIfThe: 'Wenn das Verzeichnis sie noch annimmt, brauchen Sie keinen Code.',
  latchkeyShowsAShortCodeWhich: 'Latchkey zeigt einen kurzen Code, den Sie in Ihrem Browser eingeben.',
  latchkeyOpensTheSignInPage: 'Latchkey öffnet die Anmeldeseite in Ihrem Browser.',
  signInToReachYourDatabases: 'Melden Sie sich an, um Ihre Datenbanken zu erreichen',
  signInWithOneMoreAccount: 'Mit einem weiteren Konto anmelden',
  yourSqlToolsThenConnectWith: (beginnings) =>
    `${beginnings} Ihre SQL-Werkzeuge verbinden sich dann mit Token, die Minuten gelten, statt mit Kennwörtern, die Jahre gelten.`,
  noDirectoryIsTurnedOnYet:
    'Noch ist kein Verzeichnis eingeschaltet. Deshalb können Sie sich nirgends anmelden.',
  breakGlassAccount: 'Notfallkonto benutzen',
  joinYourOrganisation: 'Ihrer Organisation beitreten …',
  setUpAProvider: 'Anbieter einrichten',
  instead: (way) => `Stattdessen: ${way}`,
  whereIsYourAccount: 'Wo ist Ihr Konto?',
  tenant: (tenant) => rich`Mandant ${tenant}`,
  enterThisCodeInYourBrowser: 'Geben Sie diesen Code in Ihrem Browser ein',
  enterThisCodeOnlyIfYou:
    'Geben Sie diesen Code nur ein, wenn Sie diese Anmeldung auf diesem Computer begonnen haben',
  aCodeThatSomebodySentOr:
    'Mit einem Code, den jemand Ihnen geschickt oder vorgelesen hat, käme diese Person als Sie hinein.',
  cancelSignIn: 'Anmeldung abbrechen',
  goOnInYourBrowser: 'Machen Sie in Ihrem Browser weiter',
  theSignInPageHasBeen:
    'Dort ist die Anmeldeseite geöffnet. Melden Sie sich an, und kommen Sie zurück: Latchkey merkt es von selbst.',
  waitsForAnother: 'Wartet noch',
  theTimeForThisSignIn: 'Die Zeit für diese Anmeldung ist um',
  theSignInWaitsForOne: 'Die Anmeldung wartet noch eine Minute',
  noPageThereLookForAnother:
    'Keine Seite da? Suchen Sie nach einem anderen Browserfenster, oder brechen Sie ab und melden Sie sich anders an.',
  signsYouInTo: 'Meldet Sie an bei',
  enter: (what) => `Geben Sie ${what} ein.`,
  breakGlassSignIn: 'Notfall-Anmeldung',
  forEmergenciesOnly: 'Nur für Notfälle',
  eachUseOfSuchAnAccount: 'Jede Benutzung eines solchen Kontos steht auffällig im Audit.',
  userName: 'Benutzername',
  theUserName: 'den Benutzernamen',
  thePassword: 'das Kennwort',
  code: 'Code',
  theSixDigitsOfTheAccounts:
    'Die sechs Ziffern der Authenticator-App des Kontos, oder ein Wiederherstellungscode.',
  theCode: 'den Code',
  codeCopied: 'Code kopiert',
  openSignInPage: 'Anmeldeseite öffnen',
  copyCode: 'Code kopieren',
  thePageIs: (host) => rich`Die Seite ist ${host}`,
  validForAnother: 'Gilt noch',
  theCodeHasExpired: 'Der Code ist abgelaufen',
  theCodeIsValidForOne: 'Der Code gilt noch eine Minute',
  theCodeIs: (code) => `Der Code ist ${code}`,
  thePageShowsAnError: 'Zeigt die Seite einen Fehler?',
  latchkeyOftenHearsNothingOfIt:
    'Latchkey erfährt davon oft nichts. Was hilft, sagt die Nummer, die mit AADSTS beginnt.',
  instead2: (other) => `Stattdessen: ${other}`,
  askAnAdministrator: 'Fragen Sie die Administration.',
  confirmThatItIsYou: 'Bestätigen Sie, dass Sie es sind',
  asIt: (username) => rich`Als ${username}.`,
  thisChangesWhoMayDecideHere: 'Das ändert, wer hier entscheiden darf.',
  codeOfYourAuthenticator: 'Code Ihrer Authenticator-App',
  sixDigitsOrOneOfYour: 'Sechs Ziffern, oder einer Ihrer Wiederherstellungscodes.',
  confirm: 'Bestätigen',
  thisChangesWhoMayDecideHere2:
    'Das ändert, wer hier entscheiden darf. Ihr Telefon wird gefragt, ob Sie es sind.',
  waitingForThePhone: 'Wartet auf das Telefon …',
  askMyPhone: 'Mein Telefon fragen',
  thisChangesWhoMayDecideHere3:
    'Das ändert, wer hier entscheiden darf, und Sie haben keinen zweiten Faktor. Melden Sie sich noch einmal an, und wiederholen Sie die Änderung innerhalb von fünf Minuten.',
  signInAgain: 'Noch einmal anmelden',
};
