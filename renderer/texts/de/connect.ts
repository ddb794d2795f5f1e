import type { connect as English } from '../en/connect.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const connect: typeof English = {
  connectAToolTo: (connection) => rich`Werkzeug mit ${connection} verbinden`,
  theSettingsHaveItsNameAnd:
    'Die Einstellungen enthalten seinen Namen, und gespeicherte Kennwörter gelten nur dafür.',
  lookingForTheToolsOfThis: 'Werkzeuge dieses Computers werden gesucht …',
  copied: (label) => `${label} kopiert`,
  forItsDialog: 'Für seinen Dialog',
  copyOfTheDialog: (label) => `${label} des Dialogs kopieren`,
  filesWritten: (written) => plural(written, 'Eine Datei geschrieben', `${written} Dateien geschrieben`),
  whatLatchkeyCanWrite: 'Was Latchkey schreiben kann',
  writeTheseFiles: (files) => plural(files, 'Diese Datei schreiben', 'Diese Dateien schreiben'),
  allOfItWasThereAlready: 'Es war schon alles da.',
  written: 'Geschrieben. ',
  savedPasswordForCopiedPasteIt: (title) =>
    `Gespeichertes Kennwort für ${title} kopiert. Fügen Sie es dort ein, und lassen Sie das Werkzeug es speichern.`,
  passwordToPaste: 'Kennwort zum Einfügen',
  theToolMaySaveItIt:
    'Das Werkzeug darf es speichern. Allein öffnet es nichts: Bei jedem Login damit müssen Sie auf diesem Computer angemeldet sein.',
  copyThePasswordFor: (title) => `Kennwort für ${title} kopieren`,
  copyThePassword: 'Kennwort kopieren',
  pasteItAsThePasswordAnd:
    'Fügen Sie es als Kennwort ein, und lassen Sie das Werkzeug es speichern. Es wird nicht noch einmal gezeigt.',
  isStarting: (title) => `${title} startet`,
  open: (title) => rich`${title} öffnen`,
  searchTools: 'Werkzeuge suchen',
  noToolIsCalledThat: 'Kein Werkzeug heißt so.',
  tool: 'Werkzeug',
  foundOnThisComputer: 'Auf diesem Computer gefunden',
};
