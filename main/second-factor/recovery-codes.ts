import { createHash, randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';

/** Crockford's Base32 (https://www.crockford.com/base32.html): no I, L, O and U, which are misread. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const misread: Record<string, string> = { I: '1', L: '1', O: '0' };

export const recoveryCodesPerKey = 10;
/** 120 random bits: from 112 on a plain hash is enough (NIST SP 800-63B-3 section 5.1.2.2). */
const randomLength = 15;
const codeLength = 24;

/** New codes as a person is shown them: six groups of four letters and digits. */
export function newRecoveryCodes(): string[] {
  return Array.from({ length: recoveryCodesPerKey }, () => grouped(base32(randomBytes(randomLength))));
}

/** The 24 characters of a code written in any case, or undefined. Blanks and dashes must be gone already. */
export function readRecoveryCode(text: string): string | undefined {
  const code = text.toUpperCase().replaceAll(/[ILO]/g, (letter) => misread[letter] ?? letter);
  return code.length === codeLength && [...code].every((letter) => alphabet.includes(letter))
    ? code
    : undefined;
}

export function storeRecoveryCodes(database: DatabaseSync, keyId: string, codes: string[]): void {
  const insert = database.prepare('INSERT INTO recovery_code (key_id, digest) VALUES (?, ?)');
  for (const code of codes) insert.run(keyId, digest(keyId, code.replaceAll('-', '')));
}

/** Uses the code up. False where the key has no such code left. */
export function spendRecoveryCode(database: DatabaseSync, keyId: string, code: string): boolean {
  const { changes } = database
    .prepare('DELETE FROM recovery_code WHERE key_id = ? AND digest = ?')
    .run(keyId, digest(keyId, code));
  return changes === 1;
}

export function recoveryCodesLeft(database: DatabaseSync, keyId: string): number {
  const row = database.prepare('SELECT count(*) AS count FROM recovery_code WHERE key_id = ?').get(keyId);
  return Number(row?.['count']);
}

export function forgetRecoveryCodes(database: DatabaseSync, keyId: string): void {
  database.prepare('DELETE FROM recovery_code WHERE key_id = ?').run(keyId);
}

/** The key's id, random and never used again, is the salt. */
function digest(keyId: string, code: string): Uint8Array {
  return createHash('sha256').update(`latchkey recovery code\0${keyId}\0${code}`).digest();
}

function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits.replaceAll(/.{5}/g, (five) => alphabet.charAt(Number.parseInt(five, 2)));
}

function grouped(code: string): string {
  return code.replaceAll(/.{4}(?=.)/g, '$&-');
}
