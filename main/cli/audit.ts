import { join } from 'node:path';
import { readAudit, verifyAudit } from '../audit/verify.ts';
import { LatchkeyError } from '../contract/errors.ts';
import { failed, plain, result, type Output } from './output.ts';

/** Checks the chain of the home's audit; works while the broker runs and when it does not. */
export async function verify(home: string, output: Output): Promise<number> {
  const verdict = await verifyAudit(join(home, 'audit'));
  if (verdict.ok) {
    const { records, files } = verdict;
    result(output, verdict, `The audit is whole: ${count(records, 'record')} in ${count(files, 'file')}.`);
    return 0;
  }
  if (output.json) output.out(JSON.stringify(verdict));
  return failed(
    { ...output, json: false },
    new LatchkeyError(
      'audit-broken',
      `The audit was changed: ${verdict.file}, line ${verdict.line}: ${verdict.reason}.`,
      {
        remedy: 'Compare with a backup of the file; records before this line are as they were written.',
      },
    ),
  );
}

export async function listAudit(home: string, limit: number, output: Output): Promise<void> {
  if (!Number.isInteger(limit) || limit < 1)
    throw new LatchkeyError('request-invalid', '--limit takes a whole number from 1.');
  const records = await readAudit(join(home, 'audit'), { limit });
  result(output, records, records.map((record) => plain(JSON.stringify(record))).join('\n'));
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
