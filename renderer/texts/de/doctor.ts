import type { doctor as English } from '../en/doctor.ts';

export const doctor: typeof English = {
  checked: (checks) => `Geprüft: ${checks}`,
  doctor: 'Diagnose',
  checksTheProvidersWhatThe:
    'Prüft die Anbieter, die Rechte der Anwendung im Verzeichnis, die Uhr, den Schlüsselbund, abgelegte Kennwörter, Ports und das Audit, und sagt zu jedem Fehler, was zu tun ist.',
  runAllChecks: 'Alles prüfen',
  runAgain: 'Noch einmal prüfen',
  checkingThisTakesUpToA: 'Wird geprüft. Das dauert bis zu einer Minute.',
  asTextToPassOn: 'Als Text, zum Weitergeben',
  findingsAsText: 'Befunde als Text',
  findingsCopied: 'Befunde kopiert',
};
