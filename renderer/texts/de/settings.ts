import type { settings as English } from '../en/settings.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const settings: typeof English = {
  system: 'System',
  light: 'Hell',
  dark: 'Dunkel',
  settings: 'Einstellungen',
  onThisComputer: 'Auf diesem Computer',
  whatIsStoredOfYourSign: 'Was von Ihrer Anmeldung abgelegt ist, ist gerade nicht lesbar.',
  yourSignInIsKeptEncrypted:
    'Ihre Anmeldung liegt verschlüsselt hier, mit einem Schlüssel, den Ihr System hütet.',
  yourSignInIsKeptWithAKeyFile:
    'Ihre Anmeldung liegt verschlüsselt hier, mit einer Schlüsseldatei, die Ihre Administration eingerichtet hat.',
  yourSignInIsKeptIn:
    'Ihre Anmeldung liegt nur im Arbeitsspeicher: Nach einem Neustart melden Sie sich wieder an.',
  appearance: 'Darstellung',
  language: 'Sprache',
  languageOfTheSystem: 'Wie das System',
  someTextsAreEnglish: 'Befunde der Diagnose, und was Datenbanken sagen, bleiben englisch.',
  startWhenILogInTo: 'Starten, wenn ich mich an diesem Computer anmelde',
  withoutTheWindowSoThatYour: 'Ohne das Fenster, damit Ihre Datenbanken erreichbar sind.',
  aClickAtTheTrayIcon: 'Ein Klick auf das Symbol in der Taskleiste öffnet',
  itsMenuComesWithTheRightButton: 'Sein Menü kommt mit der rechten Taste.',
  theSmallWindowBesideIt: 'ein kleines Fenster daneben',
  theWindowOfLatchkey: 'Latchkey',
  whenALoginWaitsForYou: 'Wenn ein Login auf Sie wartet',
  notifications: 'Benachrichtigungen',
  tokensLeaveTheClipboardAfter: 'Token verlassen die Zwischenablage nach',
  unlessYouHaveCopiedSomething: 'Außer Sie haben bis dahin etwas anderes kopiert.',
  latchkeyGoesOnInTheBackground: 'Latchkey läuft im Hintergrund weiter, wenn Sie dieses Fenster schließen.',
  quittingClosesTheWayToYour: 'Beenden schließt den Weg zu Ihren Datenbanken.',
  quitLatchkey: 'Latchkey beenden',
  quitLatchkeyQuestion: 'Latchkey beenden?',
  databaseSessionsAreOpenAndEnd: (live) =>
    plural(
      live,
      'Eine Datenbanksitzung ist offen und endet sofort.',
      `${live} Datenbanksitzungen sind offen und enden sofort.`,
    ),
  showItAndLeaveTheKeyboard: 'Zeigen, und die Tastatur lassen, wo sie ist',
  bringItToTheFrontWith: 'Nach vorn holen, mit der Tastatur',
  onlyNotifyMe: 'Nur benachrichtigen',
  aSmallWindowAsksAboveAll:
    'Ein kleines Fenster fragt, über allen anderen und mit einem Ton, wenn Sie nicht gerade dieses ansehen.',
  withoutThemALoginThatWaits: 'Auch ohne sie fragt das kleine Fenster, wenn ein Login wartet.',
  aShortcutFromEverywhereOpens: 'Ein Tastenkürzel öffnet von überall',
  whicheverProgramHasTheKeyboard:
    'Welches Programm auch die Tastatur hat. Unter Wayland entscheidet der Desktop.',
  nothing: 'Nichts',
  theSearchOfEverything: 'Die Suche nach allem (Strg+K)',
  itsKeys: 'Seine Tasten',
  controlAltOrSuper: 'Strg, Alt oder Super, und ein Buchstabe, eine Ziffer oder eine Funktionstaste.',
  pressTheKeys: 'Drücken Sie die Tasten…',
  stable: 'Stabil',
  beta: 'Beta',
  updates: 'Aktualisierungen',
  download: 'Herunterladen',
  checkNow: 'Jetzt suchen',
  restartToUpdate: 'Neu starten und aktualisieren',
  restartToUpdateQuestion: 'Neu starten und aktualisieren?',
  restart: 'Neu starten',
  whichVersions: 'Welche Versionen',
  setByYourOrganisation: 'Von Ihrer Organisation gesetzt.',
  betaVersionsComeEarlierAndHave: 'Beta-Versionen kommen früher, und weniger Menschen haben sie ausprobiert.',
  organisationPinned: (version) =>
    `Ihre Organisation hat Version ${version} gesetzt: Eine andere wird nicht genommen.`,
  filePinned: (version) =>
    `Ihre Konfigurationsdatei hat Version ${version} gesetzt: Eine andere wird nicht genommen.`,
  organisationServer: (address) => rich`Ihre Organisation hat den Server gesetzt: ${address}`,
  fileServer: (address) => rich`Ihre Konfigurationsdatei hat den Server gesetzt: ${address}`,
};
