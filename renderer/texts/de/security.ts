import type { security as English } from '../en/security.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const security: typeof English = {
  security: 'Sicherheit',
  signInToSeeYourSecond: 'Melden Sie sich an, um Ihre zweiten Faktoren zu sehen',
  theyBelongToYourAccountSo: 'Sie gehören zu Ihrem Konto. Deshalb muss Latchkey wissen, wer Sie sind.',
  eachAccountHasSecondFactorsOf: 'Jedes Konto hat eigene zweite Faktoren.',
  youNeedASecondFactor: 'Sie brauchen einen zweiten Faktor',
  aDatabaseThatYouMayUse:
    'Eine Datenbank, die Sie nutzen dürfen, verlangt einen beim Login. Ohne ihn lässt sie Sie nicht ein.',
  signingIn: 'Anmeldung',
  withUserNamePasswordAndCode: 'mit Benutzername, Kennwort und Code',
  or: ', oder ',
  whichWaysThereAreAndIn:
    'Welche Wege es gibt, und in welcher Reihenfolge, ist für jeden Anbieter festgelegt.',
  sixDigitsOrOneOfYour: 'Sechs Ziffern, oder einer Ihrer Wiederherstellungscodes.',
  goOn: 'Weiter',
  setUpAnotherOne: 'Andere einrichten',
  authenticatorRemoved: 'Authenticator-App entfernt',
  authenticatorApplication: 'Authenticator-App',
  setUp: 'Eingerichtet',
  notSetUp: 'Nicht eingerichtet',
  anApplicationOnYourPhoneShows:
    'Eine App auf Ihrem Telefon zeigt sechs Ziffern, die jede halbe Minute wechseln. Jede, die den üblichen Standard (TOTP) kennt, ist geeignet.',
  removeTheAuthenticator: 'Authenticator-App entfernen',
  setUpAnAuthenticator: 'Authenticator-App einrichten',
  codeOfTheAuthenticatorYouHave: 'Code der jetzigen Authenticator-App',
  removeAuthenticator: 'Authenticator-App entfernen',
  theNewAuthenticatorTakesThe:
    'Die neue Authenticator-App ersetzt diese, und neue Wiederherstellungscodes ersetzen die alten.',
  loginsThenNeedYourPhone: 'Logins, die einen zweiten Faktor verlangen, brauchen dann Ihr Telefon.',
  loginsThenRefuseYou: 'Logins, die einen zweiten Faktor verlangen, lehnen Sie dann ab.',
  scanThisWithTheApplication: 'Scannen Sie dies mit der App',
  qrCodeWithTheKeyFor:
    'QR-Code mit dem Schlüssel für Ihre Authenticator-App. Derselbe Schlüssel steht ausgeschrieben daneben.',
  noCameraTypeInThisKey: 'Keine Kamera? Tippen Sie diesen Schlüssel ein:',
  kindTimeBasedSixDigitsEvery:
    'Art: zeitbasiert, sechs Ziffern, alle 30 Sekunden. Wer den Schlüssel sieht, kann Ihre Codes erzeugen.',
  enterTheCodeThatItShows: 'Geben Sie den Code ein, den sie zeigt',
  sixDigits: 'Sechs Ziffern',
  confirm: 'Bestätigen',
  authenticatorSetUp: 'Authenticator-App eingerichtet',
  codesLeft: (count) =>
    plural(
      count,
      'Für den Tag ohne Telefon ist noch 1 Wiederherstellungscode da.',
      `Für den Tag ohne Telefon sind noch ${count} Wiederherstellungscodes da.`,
    ),
  fewCodesLeft: (count) =>
    count === 0
      ? 'Kein Wiederherstellungscode ist mehr da'
      : plural(
          count,
          'Noch 1 Wiederherstellungscode ist da',
          `Noch ${count} Wiederherstellungscodes sind da`,
        ),
  setUpTheAuthenticatorOnceMore: 'Richten Sie die Authenticator-App neu ein, um neue zu bekommen.',
  lockedUntil: (until) => `Gesperrt bis ${until}`,
  thereWereTooManyWrongCodes:
    'Es gab zu viele falsche Codes. Wenn sie nicht von Ihnen kamen, sagen Sie es der Administration.',
  phoneRemoved: 'Telefon entfernt',
  phoneSetUp: 'Telefon eingerichtet',
  phone: 'Telefon',
  notOffered: 'Nicht angeboten',
  codeOfYourAuthenticator: 'Code Ihrer Authenticator-App',
  removePhone: 'Telefon entfernen',
  subscribeInTheNtfyApplication: 'Abonnieren Sie in der App ntfy',
  qrCodeWithTheTopicFor:
    'QR-Code mit dem Thema für Ihr Telefon. Dasselbe Thema steht ausgeschrieben daneben.',
  scanThisWithTheCameraOr: (host) =>
    rich`Scannen Sie dies mit der Kamera, oder abonnieren Sie auf dem Server ${host} dieses Thema:`,
  whoeverKnowsTheTopicCanRead: 'Wer das Thema kennt, kann lesen, wer sich wo einloggt.',
  tryIt: 'Probieren Sie es aus',
  latchkeySendsARequestWithThree:
    'Latchkey schickt eine Anfrage mit drei Zahlen zur Auswahl. Sie gibt nichts frei.',
  waitingForThePhone: 'Wartet auf das Telefon …',
  sendTheRequest: 'Anfrage schicken',
  removeThePhone: 'Telefon entfernen',
  setUpAPhone: 'Telefon einrichten',
  yourAdministratorHasNotSetUp: 'Ihre Administration hat keinen Server eingerichtet, der Telefone erreicht.',
  aPhoneIsSetUpSet:
    'Ein Telefon ist eingerichtet. Richten Sie eine Authenticator-App ein, bevor Sie es ändern oder entfernen.',
  setUpAnAuthenticatorFirst:
    'Richten Sie zuerst eine Authenticator-App ein: Sie ist der Weg zurück, wenn das Telefon verloren geht.',
  atALoginYourPhoneCan:
    'Bei einem Login kann Ihr Telefon gefragt werden: Es zeigt drei Zahlen, und Sie wählen die von diesem Bildschirm.',
  withTheNtfyApplicationYour:
    'Mit der App ntfy kann Ihr Telefon bei einem Login gefragt werden: Es zeigt drei Zahlen, und Sie wählen die von diesem Bildschirm.',
  yourRecoveryCodes: 'Ihre Wiederherstellungscodes',
  eachLetsYouInOnceWhen:
    'Jeder lässt Sie einmal ein, wenn Ihre Authenticator-App nicht zur Hand ist. Sie werden nicht noch einmal gezeigt: Drucken Sie sie, oder legen Sie sie in Ihrem Kennwort-Manager ab.',
  recoveryCodes: 'Wiederherstellungscodes',
  recoveryCodesCopied: 'Wiederherstellungscodes kopiert',
  print: 'Drucken',
  iHaveStoredThemInA: 'Ich habe sie sicher aufbewahrt',
  loginsAndDatabaseSessionsGoOn:
    'Logins und Datenbanksitzungen laufen weiter. Nach erlaubten Programmen wird neu gefragt.',
  tokensAndDatabaseSessionsEnd:
    'Token und Datenbanksitzungen enden, und bis zum Entsperren wird niemand eingelassen.',
  everyAccountIsSignedOutTokens: 'Jedes Konto wird abgemeldet; Token und Datenbanksitzungen enden.',
  notSetThisIsWhatLatchkey: 'Nicht gesetzt; das tut Latchkey von selbst',
  setByYourOrganisation: 'Von Ihrer Organisation gesetzt',
  setInYourConfigurationFile: 'In Ihrer Konfigurationsdatei gesetzt',
  lockedScreenAndWaitingLogins: 'Gesperrter Bildschirm und wartende Logins',
  whenTheScreenIsLocked: 'Wenn der Bildschirm gesperrt ist',
  howLongALoginWaitsFor: (protocol) => `Wie lange ein Login von ${protocol} auf Sie wartet`,
  programsWhoseOwnPatienceIs: 'Programme mit bekannter eigener Wartezeit haben ihre eigene.',
  everythingGoesOn: 'Alles geht weiter',
  tokensAndSessionsEnd: 'Token und Sitzungen enden',
  everybodyIsSignedOut: 'Jedes Konto wird abgemeldet',
  policySaved: 'In die Konfigurationsdatei geschrieben',
};
