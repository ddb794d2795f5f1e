import type { organisation as English } from '../en/organisation.ts';
import { rich } from '../rich.ts';

export const organisation: typeof English = {
  yourOrganisation: 'Ihre Organisation',
  yourOrganisationHasSettingsFor:
    'Ihre Organisation hat Einstellungen für diesen Computer. Was sie nicht setzt, bestimmen Sie.',
  youCannotChange: 'Das können Sie nicht ändern',
  youCannotHave: 'Das können Sie nicht haben',
  ofYourFileThisDoesNot: 'Das in Ihrer Datei gilt nicht',
  providersOfYourOwn: 'eigene Anbieter',
  connectionsOfYourOwn: 'eigene Verbindungen',
  breakGlassAccountsOfYourOwn: 'eigene Notfallkonten',
  connectionsOfYourOwnThatRun: 'eigene Verbindungen, die Befehle ausführen',
  organisationByAddressOrFile: 'Organisation per Adresse oder Datei',
  youHaveJoinedNoOrganisationBy: 'Sie sind keiner Organisation per Adresse oder Datei beigetreten.',
  withItLatchkeyTakesSignIn: 'Mit ihr übernimmt Latchkey Anmeldung und Datenbanken von dort.',
  joinAnOrganisation: 'Einer Organisation beitreten …',
  serialNumberIssuedFrom: (serial, part, url) =>
    rich`Seriennummer ${serial}, ausgestellt am ${part}, von ${url}`,
  fingerprintOfItsKey: (fingerprint) => `Fingerabdruck ihres Schlüssels: ${fingerprint}`,
  itDoesNotCountThisComputer: 'Sie gilt nicht: Dieser Computer hat eigene Einstellungen.',
  leave: 'Verlassen …',
  leaveQuestion: (name) => `${name} verlassen?`,
  whatItHasSetDoesNot: 'Was sie gesetzt hat, gilt nicht mehr. Sitzungen, die darauf beruhen, enden.',
  leaveConfirm: 'Verlassen',
  joinAnOrganisationHeading: 'Einer Organisation beitreten',
  theAddress: 'Die Adresse',
  theFile: 'Die Datei',
  isThatOf: (file, organisation) => `${file} ist von ${organisation}`,
  addressOfTheOrganisation: 'Adresse der Organisation',
  showWhatItSets: 'Zeigen, was sie setzt',
  yourOrganisationMayHaveGiven:
    'Vielleicht hat Ihre Organisation Ihnen eine Adresse oder eine Datei gegeben. Sie bestimmt, wo Sie sich anmelden und zu welchen Datenbanken Latchkey führt. Nehmen Sie sie nur von jemandem an, den Sie kennen.',
  chooseAFileInstead: 'Stattdessen eine Datei wählen …',
  chooseAnotherFile: 'Andere Datei wählen …',
  enterAnAddressInstead: 'Stattdessen eine Adresse eingeben',
  address: 'Adresse',
  itBeginsWithHttpsAndEnds: 'Sie beginnt mit https:// und endet mit # und 43 Zeichen.',
  pasteTheAddressThatYour: 'Fügen Sie die Adresse ein, die Ihre Organisation Ihnen gegeben hat.',
  fingerprintLabel: 'Fingerabdruck ihres Schlüssels',
  itHas43CharactersAskYour:
    'Er hat 43 Zeichen. Fragen Sie Ihre Organisation danach, auf einem anderen Weg als dem der Datei.',
  pasteTheFingerprintThatYour: 'Fügen Sie den Fingerabdruck ein, den Ihre Organisation Ihnen gegeben hat.',
  organisation: 'Organisation',
  from: 'Von',
  serialNumber: 'Seriennummer',
  whatItSets: 'Was sie setzt',
  nothingYet: 'Noch nichts.',
  itMayChangeThisLaterWithout:
    'Sie kann das später ändern, ohne Sie zu fragen. In den Einstellungen können Sie sie verlassen.',
  join: 'Beitreten',
};
