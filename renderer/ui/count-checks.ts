import type { Check } from '../../main/contract/shapes.ts';
import { common as t } from '../texts/en/common.ts';

/** "1 failed, 2 warnings, 9 in order". */
export function countChecks(checks: Check[]): string {
  const count = (result: Check['result']) => checks.filter((check) => check.result === result).length;
  const warnings = count('warning');
  return [
    t.countFailed(count('failed')),
    ...(warnings === 0 ? [] : [t.warnings(warnings)]),
    ...(count('skipped') === 0 ? [] : [t.countSkipped(count('skipped'))]),
    t.countInOrder(count('ok')),
  ].join(', ');
}
