import type { AuditVerdictShown } from '../contract/audit-shapes.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { fingerprint } from './audit-key.ts';
import type { AuditVerdict } from './verify.ts';

type Whole = Extract<AuditVerdict, { ok: true }>;
type Broken = Extract<AuditVerdict, { ok: false }>;
const mostBreaks = 20;

/** @param publicKey of the running Latchkey, or what the person has noted */
export function wholeSentences(verdict: Whole, publicKey: string | undefined): string[] {
  const { records, files, signedBy = [], from } = verdict;
  const where = from === undefined ? '' : `, from record ${from} on`;
  const first = `The audit is whole: ${count(records, 'record')} in ${count(files, 'file')}${where}.`;
  if (publicKey !== undefined && signedBy.includes(publicKey))
    return [first, `It is signed with the key ${fingerprint(publicKey)}.`];
  if (signedBy.length === 0) return [first];
  const names = signedBy.map(fingerprint).join(', ');
  return [
    first,
    `It is signed with the key ${names}: compare with the one that you noted (latchkey audit key).`,
  ];
}

export function brokenError({ file, line, reason }: Broken): LatchkeyError {
  return new LatchkeyError('audit-broken', `The audit was changed: ${file}, line ${line}: ${reason}.`, {
    remedy: 'Compare with a backup of the file; records before this line are as they were written.',
  });
}

/** The same for who reads it in the window. */
export function shownVerdict(verdict: AuditVerdict, publicKey: string | undefined): AuditVerdictShown {
  const { records, files } = verdict;
  if (verdict.ok)
    return {
      ok: true,
      message: wholeSentences(verdict, publicKey).join(' '),
      records,
      files,
      breaks: [],
    };
  const { message, remedy = '' } = brokenError(verdict);
  const breaks = verdict.breaks
    .slice(0, mostBreaks)
    .map(({ file, line, detail }) => ({ file, line, detail }));
  return { ok: false, message, remedy, records, files, breaks };
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
