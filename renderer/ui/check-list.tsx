import type { Check } from '../../main/contract/shapes.ts';
import { common as t } from '../texts/en/common.ts';
import styles from './check-list.module.css';
import { Icon, type IconName } from './icon.tsx';
import { Name } from './name.tsx';

const results = (): Record<Check['result'], { icon: IconName; word: string }> => ({
  failed: { icon: 'alert', word: t.failed },
  warning: { icon: 'alert', word: t.warning },
  skipped: { icon: 'skip', word: t.skipped },
  ok: { icon: 'check', word: t.inOrder },
});

/** From the one that hurts most to the one that needs nothing. */
export const resultOrder = Object.keys(results()) as Check['result'][];

/** Findings, the worst first, each with what to do about it. */
export function CheckList({ checks, label }: { checks: Check[]; label: string }) {
  const sorted = resultOrder.flatMap((result) => checks.filter((check) => check.result === result));
  return (
    <ul className={styles['list']} aria-label={label}>
      {sorted.map((check) => (
        <li key={`${check.name} ${check.message}`} className={styles['check']}>
          <span className={`${styles['mark']} ${styles[check.result]}`} aria-hidden="true">
            <Icon name={results()[check.result].icon} size={15} />
          </span>
          <div className={styles['what']}>
            <strong>
              <Name>{check.name}</Name>
            </strong>
            <p>
              <Name>{check.message}</Name>
            </p>
            {check.remedy !== undefined && (
              <p className={styles['remedy']}>
                <Name>{check.remedy}</Name>
              </p>
            )}
          </div>
          <span className={styles['result']}>
            {results()[check.result].word}
            {check.aadsts !== undefined && <code>AADSTS{check.aadsts}</code>}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** The findings as plain text, for a mail to whoever can help. */
export function checksAsText(checks: Check[]): string {
  return resultOrder
    .flatMap((result) => checks.filter((check) => check.result === result))
    .map(({ name, result, message, remedy, aadsts }) =>
      [
        `${results()[result].word.toUpperCase()}  ${name}${aadsts === undefined ? '' : ` (AADSTS${aadsts})`}`,
        `  ${message}`,
        ...(remedy === undefined ? [] : [t.toDo(remedy)]),
      ].join('\n'),
    )
    .join('\n\n');
}
