import type { flyout as English } from '../en/flyout.ts';
import { rich } from '../rich.ts';
import { plural } from './plural.ts';

export const flyout: typeof English = {
  waiting: (count) =>
    plural(count, 'Eine Frage wartet auf Ihre Antwort', `${count} Fragen warten auf Ihre Antwort`),
  signInUnderWay: 'Eine Anmeldung läuft',
  goOnInLatchkey: 'In Latchkey fortfahren',
  noConnectionIsOpenToYou: 'Keine Ihrer Gruppen öffnet eine Verbindung.',
  moreRoles: (count) =>
    plural(count, 'Eine weitere Rolle in Latchkey', `${count} weitere Rollen in Latchkey`),
  liveSessions: 'Offene Sitzungen',
  onSince: (program, title, since) => rich`${program} mit ${title}, seit ${since}`,
  more: (count) => `und ${count} weitere`,
  lock: 'Sperren',
  lockQuestion: 'Sperren?',
  locked: 'Gesperrt: Kein Login wird eingelassen.',
  openLatchkey: 'Latchkey öffnen',
};
