/** @long A table with a row for each code. */
import type { ErrorCode } from './errors.ts';

export interface ProblemText {
  /** What happened, without what only the sentence of the error itself names. */
  message: string;
  /** What the person can do. */
  remedy?: string;
}

/** Each failure in German, by its code. The English sentence of the error stands below it: it names places and names. */
export const germanProblems: Record<ErrorCode, ProblemText> = {
  'config-unreadable': {
    message: 'Die Konfiguration kann nicht gelesen werden.',
    remedy: 'Prüfen Sie, ob die Datei vorhanden ist und Sie sie lesen dürfen.',
  },
  'config-invalid': {
    message: 'Die Konfiguration enthält einen Fehler.',
    remedy: 'Verbessern Sie die genannte Zeile und versuchen Sie es erneut.',
  },
  'config-changed': {
    message: 'Die Konfiguration hat sich inzwischen geändert.',
    remedy: 'Versuchen Sie es erneut: Jetzt gilt der neue Stand.',
  },
  'organisation-untrusted': {
    message: 'Den Einstellungen der Organisation wird nicht vertraut.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'organisation-locked': {
    message: 'Ihre Organisation legt das fest.',
    remedy: 'Wenden Sie sich an Ihre Administratoren, wenn es anders sein soll.',
  },
  'home-unusable': {
    message: 'Der Ordner von Latchkey kann nicht benutzt werden.',
    remedy: 'Prüfen Sie Besitzer, Rechte und freien Platz.',
  },
  'home-in-use': {
    message: 'Ein anderes Latchkey benutzt diesen Ordner schon.',
    remedy: 'Beenden Sie es, oder geben Sie einen anderen Ordner an.',
  },
  'port-in-use': {
    message: 'Ein anderes Programm belegt den Port.',
    remedy: 'Beenden Sie das genannte Programm, oder wählen Sie einen anderen Port.',
  },
  'socket-unusable': {
    message: 'Der Socket kann nicht benutzt werden.',
    remedy: 'Prüfen Sie Ordner und Rechte des Sockets.',
  },
  'seal-unavailable': {
    message: 'Der Schlüsselbund dieses Computers ist nicht verfügbar.',
    remedy: 'Entsperren Sie ihn und versuchen Sie es erneut.',
  },
  'sealed-unreadable': {
    message: 'Etwas Gespeichertes kann nicht entschlüsselt werden.',
    remedy: 'Geben Sie es noch einmal ein.',
  },
  'stored-newer': {
    message: 'Eine neuere Version von Latchkey hat das gespeichert.',
    remedy: 'Benutzen Sie wieder diese Version.',
  },
  'store-failed': {
    message: 'Es konnte nicht gespeichert werden.',
    remedy: 'Prüfen Sie freien Platz und Rechte und versuchen Sie es erneut.',
  },
  'bundle-unreachable': {
    message: 'Die Einstellungen der Organisation sind nicht erreichbar.',
    remedy: 'Prüfen Sie Adresse und Netz. Was zuletzt galt, gilt weiter.',
  },
  'bundle-invalid': {
    message: 'Die Einstellungen der Organisation sind fehlerhaft.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'bundle-wrong-key': {
    message: 'Die Einstellungen sind mit einem anderen Schlüssel unterschrieben.',
    remedy: 'Fragen Sie Ihre Administratoren, bevor Sie fortfahren.',
  },
  'bundle-older': {
    message: 'Die Einstellungen der Organisation sind älter als die bekannten.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'bundle-expired': {
    message: 'Die Einstellungen der Organisation sind abgelaufen.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'sign-in-required': { message: 'Niemand ist angemeldet.', remedy: 'Melden Sie sich an.' },
  'sign-in-busy': {
    message: 'Eine Anmeldung ist schon im Gang.',
    remedy: 'Schließen Sie sie ab, oder brechen Sie sie ab.',
  },
  'sign-in-cancelled': { message: 'Die Anmeldung wurde abgebrochen.' },
  'sign-in-declined': {
    message: 'Die Anmeldung wurde abgelehnt.',
    remedy: 'Versuchen Sie es erneut, wenn Sie das nicht wollten.',
  },
  'sign-in-blocked': {
    message: 'Eine Richtlinie Ihres Verzeichnisses lässt die Anmeldung nicht zu.',
    remedy: 'Wenden Sie sich mit den Angaben unten an Ihre Administratoren.',
  },
  'sign-in-refused': {
    message: 'Das Verzeichnis hat die Anmeldung verweigert.',
    remedy: 'Wenden Sie sich mit den Angaben unten an Ihre Administratoren.',
  },
  'sign-in-expired': { message: 'Die Anmeldung ist abgelaufen.', remedy: 'Melden Sie sich neu an.' },
  'code-expired': {
    message: 'Der Code ist abgelaufen.',
    remedy: 'Beginnen Sie die Anmeldung neu, um einen neuen zu bekommen.',
  },
  'authority-unreachable': {
    message: 'Der Anmeldedienst ist nicht erreichbar.',
    remedy: 'Prüfen Sie Netz und Proxy und versuchen Sie es erneut.',
  },
  'authority-invalid': {
    message: 'Der Anmeldedienst hat etwas Unerwartetes geantwortet.',
    remedy: 'Prüfen Sie seine Adresse in der Konfiguration.',
  },
  'tenant-unknown': {
    message: 'Der Mandant ist unbekannt.',
    remedy: 'Prüfen Sie seine ID in der Konfiguration.',
  },
  'application-unknown': {
    message: 'Die Anwendung ist im Mandanten unbekannt.',
    remedy: 'Prüfen Sie die Anwendungs-ID in der Konfiguration.',
  },
  'wrong-tenant': {
    message: 'Das Konto gehört zu einem anderen Mandanten.',
    remedy: 'Melden Sie sich mit einem Konto dieses Mandanten an.',
  },
  'wrong-account': {
    message: 'Das ist ein anderes Konto als erwartet.',
    remedy: 'Melden Sie sich mit dem genannten Konto an.',
  },
  'account-ambiguous': {
    message: 'Es ist nicht klar, welches Konto gemeint ist.',
    remedy: 'Wählen Sie das Konto aus.',
  },
  'account-disabled': {
    message: 'Das Konto ist gesperrt.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'clock-wrong': {
    message: 'Die Uhr dieses Computers geht falsch.',
    remedy: 'Stellen Sie die Uhr und versuchen Sie es erneut.',
  },
  'directory-unreachable': {
    message: 'Das Verzeichnis ist nicht erreichbar.',
    remedy: 'Prüfen Sie Netz und Proxy und versuchen Sie es erneut.',
  },
  'directory-refused': {
    message: 'Das Verzeichnis gibt keine Auskunft.',
    remedy: 'Ihre Administratoren müssen die Berechtigungen der Anwendung prüfen.',
  },
  'groups-unknown': {
    message: 'Ihre Gruppen sind nicht bekannt.',
    remedy: 'Versuchen Sie es erneut, sobald das Verzeichnis erreichbar ist.',
  },
  'connection-unknown': {
    message: 'Diese Verbindung gibt es nicht.',
    remedy: 'Wählen Sie eine Verbindung aus der Liste.',
  },
  'database-unknown': { message: 'Diese Datenbank gibt es nicht.', remedy: 'Prüfen Sie ihren Namen.' },
  'database-not-allowed': {
    message: 'Keine Regel gibt Ihnen diese Datenbank.',
    remedy: 'Fragen Sie nach der Gruppe, die sie öffnet.',
  },
  'outside-times': {
    message: 'Zu dieser Zeit lässt die Regel niemanden herein.',
    remedy: 'Versuchen Sie es zur erlaubten Zeit.',
  },
  'replication-not-allowed': { message: 'Replikation ist nicht erlaubt.' },
  'role-not-allowed': {
    message: 'Keine Ihrer Gruppen gibt Ihnen diese Rolle.',
    remedy: 'Wählen Sie eine andere Rolle, oder fragen Sie nach der Gruppe.',
  },
  'not-allowed': {
    message: 'Das ist Ihnen nicht erlaubt.',
    remedy: 'Fragen Sie nach der Gruppe, die es erlaubt.',
  },
  'token-wrong': { message: 'Das Token ist falsch.', remedy: 'Kopieren Sie ein neues.' },
  'token-expired': { message: 'Das Token ist abgelaufen.', remedy: 'Kopieren Sie ein neues.' },
  'token-revoked': { message: 'Das Token wurde widerrufen.', remedy: 'Kopieren Sie ein neues.' },
  'token-foreign': {
    message: 'Das Token gehört zu jemand anderem oder zu einer anderen Verbindung.',
    remedy: 'Kopieren Sie eines für diese Verbindung.',
  },
  'token-unknown': { message: 'Dieses Token gibt es nicht mehr.' },
  'handle-revoked': {
    message: 'Das gespeicherte Kennwort wurde widerrufen.',
    remedy: 'Erzeugen Sie ein neues.',
  },
  'handle-expired': {
    message: 'Das gespeicherte Kennwort ist abgelaufen.',
    remedy: 'Erzeugen Sie ein neues.',
  },
  'handle-foreign': {
    message:
      'Das gespeicherte Kennwort gehört zu einem anderen Programm, Benutzer oder einer anderen Verbindung.',
    remedy: 'Erzeugen Sie eines für dieses Programm.',
  },
  'handle-unknown': { message: 'Dieses gespeicherte Kennwort gibt es nicht mehr.' },
  'client-denied': {
    message: 'Das Programm wurde nicht zugelassen.',
    remedy: 'Verbinden Sie es erneut und lassen Sie es zu.',
  },
  'client-gone': { message: 'Das Programm hat die Verbindung beendet.' },
  'session-unknown': { message: 'Diese Sitzung gibt es nicht mehr.' },
  'screen-locked': {
    message: 'Der Bildschirm ist gesperrt: Es wird niemand hereingelassen.',
    remedy: 'Entsperren Sie ihn.',
  },
  'os-user-refused': {
    message: 'Ein anderer Benutzer dieses Computers hat es versucht.',
    remedy: 'Nur wer Latchkey gestartet hat, kommt herein.',
  },
  'os-user-unknown': {
    message: 'Es ist nicht festzustellen, welcher Benutzer es war.',
    remedy: 'Versuchen Sie es erneut.',
  },
  'limit-reached': {
    message: 'Eine Grenze ist erreicht.',
    remedy: 'Beenden Sie etwas, das Sie nicht mehr brauchen, oder warten Sie.',
  },
  'mfa-required': {
    message: 'Dafür ist der zweite Faktor nötig.',
    remedy: 'Beantworten Sie die Frage von Latchkey.',
  },
  'mfa-not-enrolled': {
    message: 'Es ist kein zweiter Faktor eingerichtet.',
    remedy: 'Richten Sie einen unter „Sicherheit“ ein.',
  },
  'mfa-wrong': { message: 'Der Code ist falsch.', remedy: 'Geben Sie den nächsten Code ein.' },
  'mfa-locked': {
    message: 'Nach zu vielen falschen Codes ist der zweite Faktor gesperrt.',
    remedy: 'Warten Sie, bis er wieder frei ist.',
  },
  'mfa-denied': { message: 'Es wurde abgelehnt.' },
  'mfa-expired': { message: 'Die Zeit für die Antwort ist vorbei.', remedy: 'Versuchen Sie es erneut.' },
  'mfa-unavailable': {
    message: 'Der zweite Faktor kann gerade nicht geprüft werden.',
    remedy: 'Versuchen Sie es erneut.',
  },
  'push-failed': {
    message: 'Das Telefon war nicht zu erreichen.',
    remedy: 'Versuchen Sie es erneut, oder geben Sie einen Code ein.',
  },
  'mail-failed': {
    message: 'Die E-Mail konnte nicht gesendet werden.',
    remedy: 'Versuchen Sie es erneut, oder melden Sie sich anders an.',
  },
  'upstream-unreachable': {
    message: 'Der Datenbankserver ist nicht erreichbar.',
    remedy: 'Prüfen Sie Adresse, Netz und VPN.',
  },
  'upstream-owner-refused': {
    message: 'Am Port des Servers hört ein Programm eines anderen Benutzers.',
    remedy: 'Wenden Sie sich an Ihre Administratoren.',
  },
  'upstream-tls-failed': {
    message: 'Die gesicherte Verbindung zum Server kam nicht zustande.',
    remedy: 'Prüfen Sie das Zertifikat des Servers und die Einstellungen der Verbindung.',
  },
  'upstream-login-failed': {
    message: 'Der Datenbankserver hat die Anmeldung abgelehnt.',
    remedy: 'Prüfen Sie das hinterlegte Kennwort der Rolle.',
  },
  'upstream-protocol': {
    message: 'Der Server spricht nicht das erwartete Protokoll.',
    remedy: 'Prüfen Sie Adresse und Art der Verbindung.',
  },
  'credential-missing': {
    message: 'Für die Rolle ist kein Kennwort hinterlegt.',
    remedy: 'Hinterlegen Sie es in den Einstellungen der Verbindung.',
  },
  'credential-failed': {
    message: 'Die Zugangsdaten für die Datenbank waren nicht zu bekommen.',
    remedy: 'Prüfen Sie, woher sie kommen.',
  },
  'audit-unwritable': {
    message: 'Das Audit kann nicht geschrieben werden: Neue Anmeldungen werden abgelehnt.',
    remedy: 'Schaffen Sie Platz auf dem Datenträger.',
  },
  'audit-broken': {
    message: 'Das Audit wurde verändert.',
    remedy: 'Prüfen Sie die genannte Stelle, und heben Sie die Dateien auf.',
  },
  'export-failed': {
    message: 'Einträge konnten nicht weitergegeben werden.',
    remedy: 'Prüfen Sie Adresse und Netz des Log-Servers.',
  },
  'updates-off': { message: 'Die Suche nach neuen Versionen ist ausgeschaltet.' },
  'update-unreachable': {
    message: 'Die neuen Versionen sind nicht erreichbar.',
    remedy: 'Prüfen Sie das Netz und versuchen Sie es erneut.',
  },
  'update-untrusted': {
    message: 'Der neuen Version wird nicht vertraut.',
    remedy: 'Installieren Sie sie nicht von Hand.',
  },
  'update-not-ready': { message: 'Es ist keine neue Version bereit.' },
  'update-failed': {
    message: 'Die neue Version konnte nicht eingespielt werden.',
    remedy: 'Versuchen Sie es erneut.',
  },
  'sessions-open': {
    message: 'Es sind noch Datenbanksitzungen offen.',
    remedy: 'Beenden Sie sie, oder warten Sie, bis sie enden.',
  },
  'broker-not-running': { message: 'Latchkey läuft nicht.', remedy: 'Starten Sie es.' },
  'broker-unanswering': { message: 'Latchkey antwortet nicht.', remedy: 'Starten Sie es neu.' },
  'broker-stopping': { message: 'Latchkey wird gerade beendet.', remedy: 'Starten Sie es neu.' },
  'request-invalid': {
    message: 'Die Eingabe ist nicht vollständig oder nicht gültig.',
    remedy: 'Verbessern Sie das Genannte.',
  },
  'request-refused': { message: 'Das ist so nicht möglich.' },
  'protocol-unsupported': { message: 'Das wird nicht unterstützt.' },
  'tls-required': {
    message: 'Ohne TLS wird niemand hereingelassen.',
    remedy: 'Schalten Sie im Programm TLS ein.',
  },
  'command-failed': {
    message: 'Ein Befehl ist fehlgeschlagen.',
    remedy: 'Lesen Sie, was er gemeldet hat.',
  },
  internal: {
    message: 'Latchkey ist auf einen unerwarteten Fehler gestoßen.',
    remedy: 'Versuchen Sie es erneut; bleibt es dabei, sehen Sie in das Log.',
  },
};
