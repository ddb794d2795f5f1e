import type { faults as English } from '../en/faults.ts';
import { plural } from './plural.ts';

export const faults: typeof English = {
  thereIsNoConfigurationYet: 'Es gibt noch keine Konfiguration',
  latchkeyHasNotStarted: 'Latchkey ist nicht gestartet',
  setLatchkeyUp: 'Latchkey einrichten',
  latchkeyMakesThisFileAndWrites:
    'Latchkey legt diese Datei an und schreibt hinein, was Sie im Fenster einrichten.',
  nothingHasBeenChangedAndNobody: 'Nichts wurde geändert, und solange wird niemand eingelassen.',
  placesCannotCount: (count) =>
    plural(
      count,
      'Eine Stelle in der Konfiguration kann nicht gelten. Berichtigen Sie, was genannt ist, speichern Sie die Datei, und versuchen Sie es noch einmal.',
      `${count} Stellen in der Konfiguration können nicht gelten. Berichtigen Sie, was genannt ist, speichern Sie die Datei, und versuchen Sie es noch einmal.`,
    ),
  thereAreStillFaults: (faults) => plural(faults, 'Ein Fehler ist noch da', `${faults} Fehler sind noch da`),
};
