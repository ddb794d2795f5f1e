import type { firstRun as English } from '../en/first-run.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const firstRun: typeof English = {
  connect: 'Verbinden',
  steps: 'Schritte',
  reachYourDatabasesWithYour: 'Erreichen Sie Ihre Datenbanken mit Ihrer Microsoft-Anmeldung',
  nothingIsSetUpYetChoose:
    'Noch ist nichts eingerichtet. Wählen Sie, wie Latchkey erfährt, wo Sie sich anmelden und welche Datenbanken es gibt.',
  joinYourOrganisation: 'Ihrer Organisation beitreten',
  joinYourOrganisationButton: 'Ihrer Organisation beitreten …',
  somebodyGaveYouAnAddressA:
    'Jemand hat Ihnen eine Adresse, einen Link oder eine Datei gegeben. Darin stehen alle Einstellungen.',
  tryTheDemo: 'Die Demo ausprobieren',
  theDemoIsStarting: 'Die Demo startet …',
  startTheDemo: 'Demo starten',
  anInventedCompany:
    'Eine erfundene Firma, in einem zweiten Latchkey neben diesem. Beenden Sie es, und alles davon ist weg.',
  setUpByHand: 'Selbst einrichten',
  youKnowTheDomainOfYour: 'Sie kennen die Domäne Ihres Mandanten und die ID einer App-Registrierung.',
  microsoftsAsTheAddressSays: 'Die von Microsoft, wie die Adresse sagt',
  aLocalTenantOnThisComputer: 'Ein lokaler Mandant auf diesem Computer, für Tests',
  foundTheTenant: (tenantId) => `Mandant ${tenantId} gefunden`,
  whereDoYouSignIn: 'Wo melden Sie sich an?',
  latchkeyFindsTheTenantByIts:
    'Latchkey findet den Mandanten über seine Domäne und probiert die Anwendung aus, bevor es etwas schreibt.',
  findAndUseIt: 'Finden und benutzen',
  domainOfYourSignInName: 'Domäne Ihres Anmeldenamens',
  whatStandsBehindTheTheTenants:
    'Was hinter dem @ steht. Auch die ID des Mandanten oder eine Adresse, die das Portal unter „Endpunkte“ zeigt, ist recht.',
  applicationClientId: 'Anwendungs-ID (Client)',
  ofTheAppRegistrationIn:
    'Von der App-Registrierung in Microsoft Entra ID, die „öffentliche Clientflows zulässt“.',
  anotherCloud: 'Andere Cloud',
  cloud: 'Cloud',
  addressOfGraph: 'Adresse von Graph',
  certificateAuthority: 'Zertifizierungsstelle',
  theFileThatTheLocalTenant: 'Die Datei, die der lokale Mandant als „caFile“ ausgegeben hat.',
  enterTheDomainOfYourTenant: 'Geben Sie die Domäne Ihres Mandanten ein.',
  enterTheIdSuchAs: 'Geben Sie die ID ein, etwa 1b4e28ba-2fa1-4d3c-8f00-d3b7a1c0e5f2.',
  enterThePathOfTheFile: 'Geben Sie den Pfad der Datei ein.',
  tokenCopiedPasteItAsThe: 'Token kopiert. Fügen Sie es als Kennwort ein.',
  commandCopied: 'Befehl kopiert',
  isSetUp: (connection) => rich`${connection} ist eingerichtet`,
  runTheCommandOrFillIn:
    'Führen Sie den Befehl aus, oder tragen Sie seine Angaben in Ihr SQL-Werkzeug ein, und fügen Sie das Token als Kennwort ein.',
  noneOfYourGroupsOpensIt:
    'Noch öffnet sie keine Ihrer Gruppen. Bitten Sie die Verwaltung, Sie in die Gruppe der Regel aufzunehmen.',
  checkingEverything: 'Alles wird geprüft …',
  allChecksAreInOrder: 'Alles ist in Ordnung.',
  checkAgain: 'Noch einmal prüfen',
  thingsNeedALook: (count) =>
    plural(count, 'Eines sollten Sie sich ansehen:', `${count} Dinge sollten Sie sich ansehen:`),
  tryThePortAgain: 'Port noch einmal versuchen',
  unlockTheKeyring: 'Schlüsselbund entsperren',
  openTheAuditFolder: 'Ordner des Audits öffnen',
  whichDatabaseDoYouWantTo: 'Welche Datenbank wollen Sie erreichen?',
  yourSqlToolWillConnectTo:
    'Ihr SQL-Werkzeug verbindet sich mit einem Port auf diesem Computer. Latchkey loggt sich am Server als die Rolle Ihrer Gruppe ein.',
};
