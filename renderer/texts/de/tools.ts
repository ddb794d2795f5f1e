import type { tools as English } from '../en/tools.ts';
import { rich } from '../rich.ts';

export const tools: typeof English = {
  copied: (tool) =>
    `Gespeichertes Kennwort für ${tool} kopiert. Fügen Sie es als Kennwort ein, und lassen Sie das Werkzeug es speichern.`,
  revoked: 'Gespeichertes Kennwort widerrufen',
  tools: 'Werkzeuge',
  savedPasswords: 'Gespeicherte Kennwörter',
  goToYourConnections: 'Zu Ihren Verbindungen',
  makeOne: 'Gespeichertes Kennwort anlegen',
  whatItIs:
    'Ein gespeichertes Kennwort darf ein Werkzeug behalten. Allein öffnet es nichts: Bei jedem Login damit müssen Sie auf diesem Computer angemeldet sein.',
  noneOfYourGroupsOpensA:
    'Keine Ihrer Gruppen öffnet eine Datenbank. Deshalb gibt es nichts, wofür Sie eines anlegen könnten.',
  signInToMakeOne: 'Melden Sie sich an, um eines anzulegen.',
  isCopied: (tool) =>
    rich`Das gespeicherte Kennwort für ${tool} ist kopiert. Fügen Sie es dort als Kennwort ein, und lassen Sie das Werkzeug es speichern. Es wird nicht noch einmal gezeigt.`,
  noneYet: 'Noch hat kein Werkzeug ein gespeichertes Kennwort',
  makeOneForAToolThat:
    'Legen Sie eines für ein Werkzeug an, das nicht jedes Mal nach einem Token fragen soll.',
  defaultRole: 'übliche Rolle',
  role: (role) => rich`Rolle ${role}`,
  forAnyProgramThatYouAllow: 'für jedes Programm, das Sie erlauben',
  onlyFor: (boundTo) => rich`nur für ${boundTo}`,
  goodUntil: (expiresAt) => `gültig bis ${expiresAt}`,
  expired: (expiresAt) => `abgelaufen am ${expiresAt}`,
  made: (createdAt) => `angelegt am ${createdAt}`,
  notUsedSinceLatchkeyStarted: 'nicht benutzt, seit Latchkey läuft',
  used: (ago) => `benutzt ${ago}`,
  revokeThatOf: (tool, title) => `Gespeichertes Kennwort von ${tool} für ${title} widerrufen`,
  revokeThis: 'Dieses gespeicherte Kennwort widerrufen?',
  whatHasSavedStopsWorkingFor: (tool) =>
    rich`Was ${tool} gespeichert hat, gilt dann nie wieder, und die Datenbanksitzungen damit enden sofort.`,
  makeAndCopy: 'Anlegen und kopieren',
  tool: 'Werkzeug',
  anyNameByWhichYouKnow: 'Ein Name, an dem Sie es wiedererkennen, etwa DBeaver.',
  enterANameFirst: 'Geben Sie zuerst einen Namen ein.',
  itServesThisAccount: 'Das gespeicherte Kennwort gilt nur für dieses Konto.',
};
