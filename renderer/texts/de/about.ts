import type { about as English } from '../en/about.ts';
import { rich } from '../rich.ts';

export const about: typeof English = {
  about: 'Über',
  whenSomethingDoesNotWork: 'Wenn etwas nicht geht',
  supportBundle: 'Support-Paket',
  versionsStateFindingsOfThe:
    'Versionen, Zustand, Befunde der Diagnose, Konfiguration und die letzten Zeilen des Logs. Namen, Orte und IDs sind ersetzt; Sie sehen es, bevor es gespeichert wird.',
  supportBundleButton: 'Support-Paket …',
  log: 'Log',
  openLog: 'Log öffnen',
  configuration: 'Konfiguration',
  openConfiguration: 'Konfiguration öffnen',
  licences: 'Lizenzen',
  latchkeyIsFreeSoftwareUnderThe: 'Latchkey ist freie Software unter der MIT-Lizenz',
  whatIsInItHasLicences: 'Was darin steckt, hat eigene Lizenzen.',
  showLicences: 'Lizenzen zeigen …',
  system: 'System',
  openThoseOfChromium: 'Die von Chromium öffnen',
  textOfTheLicences: 'Text der Lizenzen',
  lookThroughItBeforeYouSend: (code) =>
    rich`Sehen Sie es durch, bevor Sie es verschicken. Platzhalter wie ${code} stehen für Namen von Personen und Orten, für IDs und für Dateien; gleiche bedeuten dasselbe.`,
  gatheringTheDoctorLooksAt: 'Wird gesammelt; die Diagnose prüft alles einmal …',
  textOfTheSupportBundle: 'Text des Support-Pakets',
  writtenTo: (path) => `Geschrieben nach ${path}.`,
  writtenToPath: (path) => rich`Geschrieben nach ${path}`,
  save: 'Speichern …',
};
