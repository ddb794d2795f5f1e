import { Fragment } from 'react';
import { common as t } from '../texts/en/common.ts';
import styles from './details.module.css';
import { Name } from './name.tsx';

/** What only a directory, and whoever helps, can read, such as ids: there for those who look for it. */
export function Details({ facts, summary = t.details }: { facts: [string, string][]; summary?: string }) {
  if (facts.length === 0) return null;
  return (
    <details className={styles['details']}>
      <summary>{summary}</summary>
      <dl>
        {facts.map(([what, value]) => (
          <Fragment key={`${what} ${value}`}>
            <dt>{what}</dt>
            <dd>
              <Name>{value}</Name>
            </dd>
          </Fragment>
        ))}
      </dl>
    </details>
  );
}
