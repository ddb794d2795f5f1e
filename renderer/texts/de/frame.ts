import type { frame as English } from '../en/frame.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const frame: typeof English = {
  theAuditHasToReachIt: (message, from) =>
    `${message} Das Audit muss den Log-Server erreichen: Ab ${from} wird niemand mehr eingelassen.`,
  theGatewaysWereRestartedAt: (time) => `Die Gateways sind nach einem Fehler um ${time} neu gestartet.`,
  sessionsThroughThemEnded: (sessions) =>
    sessions === 0
      ? 'Keine Datenbanksitzung war offen. Ihre Werkzeuge können sich verbinden wie bisher.'
      : plural(
          sessions,
          'Eine Datenbanksitzung darüber ist beendet. Ihre Werkzeuge können sich wieder verbinden.',
          `${sessions} Datenbanksitzungen darüber sind beendet. Ihre Werkzeuge können sich wieder verbinden.`,
        ),
  thisIsALocalTestTenant: 'Dies ist ein lokaler Test-Mandant, nicht Microsoft',
  signInsGoToAStand:
    'Anmeldungen gehen an einen Ersatz auf diesem Computer. Geben Sie kein echtes Kennwort ein.',
  access: 'Zugang',
  activity: 'Aktivität',
  audit: 'Audit',
  tools: 'Werkzeuge',
  connections: 'Verbindungen',
  security: 'Sicherheit',
  providers: 'Anbieter',
  doctor: 'Diagnose',
  settings: 'Einstellungen',
  about: 'Über',
  versionLicencesLog: 'version lizenzen log konfiguration support bundle hilfe',
  latchkey: 'Latchkey',
  liveDatabaseSessions: ' offene Datenbanksitzungen',
  goTo: 'Gehe zu',
  connectionsToolsAndActions: 'Verbindungen, Werkzeuge und Befehle',
  found: 'Gefunden',
  asIt: (objectId) => `, als ${objectId}`,
  action: 'Befehl',
  copyToken: (title, role, row) => `Token kopieren: ${title}, ${role}${row}`,
  tokenForCopiedPasteItAs: (title) => `Token für ${title} kopiert. Fügen Sie es als Kennwort ein.`,
  tool: 'Werkzeug',
  connectTo: (title, connection) => `${title} mit ${connection} verbinden`,
  open: (title) => `${title} öffnen`,
  addAnAccount: 'Konto hinzufügen',
  signIn: 'anmelden',
  signOut: (username) => `${username} abmelden`,
  whatCountedBeforeGoesOn: (remedy) => `${remedy} Was vorher galt, gilt weiter.`,
  somethingInTheConfiguration: 'Etwas in der Konfiguration gilt erst ab dem nächsten Start von Latchkey',
  theConfigurationCountsAsItIs: 'Die Konfiguration gilt, wie sie jetzt ist',
  theConfigurationFileHasChanged: 'Die Konfigurationsdatei hat sich geändert',
  andMore: (changes) => `und ${changes} weitere`,
  databaseSessionsDoNotStandIn: (ends) =>
    plural(
      ends,
      'Eine Datenbanksitzung ist darin nicht mehr erlaubt und endet.',
      `${ends} Datenbanksitzungen sind darin nicht mehr erlaubt und enden.`,
    ),
  applyTheChanges: 'Änderungen anwenden',
  nothingThatCountsHasChangedIn: 'In der Konfiguration hat sich nichts geändert, was gilt',
  connectionsWithAFault: 'Verbindungen mit einem Fehler',
  connectionsAreLeftOutForTheir: (faulty) =>
    plural(
      faulty,
      'Eine Verbindung ist wegen ihrer Einstellungen ausgelassen. Alle anderen laufen weiter.',
      `${faulty} Verbindungen sind wegen ihrer Einstellungen ausgelassen. Alle anderen laufen weiter.`,
    ),
  forIt: (path, name) => `${path} für ${name}`,
  faultsIn: (path) => `Fehler in ${path}`,
  faultsOf: (name) => `Fehler von ${name}`,
  openFile: (what) => `Datei öffnen: ${what}`,
  inIt: 'Darin',
  line: (line) => `Zeile ${line}`,
  yourStoredSignInPasswordsAnd: 'Ihre Anmeldung und Ihre Kennwörter sind gerade nicht lesbar',
  unlockTheKeyring: 'Schlüsselbund entsperren',
  notSignedIn: 'Nicht angemeldet',
  signingIn: 'Anmeldung läuft …',
  whoIsSignedIn: 'Wer angemeldet ist',
  accounts: 'Konten',
  signedInUntil: 'Angemeldet bis ',
  countOfAccounts: (accounts) => `${accounts} Konten`,
  areSignedIn: ' sind angemeldet',
  until: (username, until) => rich`${username} bis ${until}`,
  usualAccount: 'Übliches Konto',
  makeUsual: (username) => `Zum üblichen Konto machen: ${username}`,
  makeUsualShort: 'Zum üblichen machen',
  signOutShort: 'Abmelden',
  signedInUntilForAnother: (until, roughly) => rich`Angemeldet bis ${until}, noch ${roughly}`,
  comesBackByItselfWhenIts: (username, provider) =>
    rich`${username} (${provider}) kommt von selbst zurück, sobald das Verzeichnis erreichbar ist.`,
  yourGroups: (groups, written) => plural(groups, 'Ihre Gruppe', `Ihre ${written} Gruppen`),
  read: (ago) => `gelesen ${ago}`,
  searchYourGroups: 'Ihre Gruppen durchsuchen',
  of: (found, groups) => `${found} von ${groups}`,
  theDirectoryListsNoGroupsFor:
    'Das Verzeichnis führt keine Gruppen für Sie. Deshalb kann keine Regel Sie einlassen.',
  yourGroupsHeading: 'Ihre Gruppen',
  objectId: 'Objekt-ID',
  nameNotReadable: 'Name nicht lesbar',
  thisLinkLeadsNowhere: 'Dieser Link führt nirgendwohin',
  thereIsNoConnectionWithThe: (name) =>
    rich`Hier gibt es keine Verbindung mit dem Namen ${name}. Fragen Sie, wer Ihnen den Link gegeben hat.`,
  latchkeyHasNoScreenForIt:
    'Latchkey hat keine Seite dafür. Vielleicht ist er für eine neuere Version; fragen Sie, wer Ihnen den Link gegeben hat.',
  databaseSessionsEndAtOnce: (live) =>
    plural(live, 'Eine Datenbanksitzung endet sofort.', `${live} Datenbanksitzungen enden sofort.`),
  signOutQuestion: 'Abmelden?',
  queriesThatRunStop: (username, endsAtOnce) =>
    rich`${username}: ${endsAtOnce} Laufende Abfragen brechen ab.`,
};
