import type { ActionReply } from '../../main/contract/action-schemas.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { CheckList } from '../ui/check-list.tsx';
import { Name } from '../ui/name.tsx';
import { day } from '../ui/time.ts';
import styles from './connections.module.css';

type Found = ActionReply<'testConnection'>;

/** What a test of a database has found. */
export function Findings({ found, label }: { found: Found; label: string }) {
  return (
    <>
      <CheckList checks={found.checks} label={label} />
      {found.facts !== undefined && <Facts facts={found.facts} />}
    </>
  );
}

function Facts({ facts: { certificate, serverVersion } }: { facts: NonNullable<Found['facts']> }) {
  if (certificate === undefined && serverVersion === undefined) return null;
  return (
    <dl className={styles['facts']}>
      {serverVersion !== undefined && (
        <>
          <dt>{common.version}</dt>
          <dd>
            <Name>{serverVersion}</Name>
          </dd>
        </>
      )}
      {certificate !== undefined && (
        <>
          <dt>{t.certificate}</dt>
          <dd>{t.until(<Name>{certificate.subject}</Name>, day(certificate.validTo))}</dd>
          <dt>{t.issuedBy}</dt>
          <dd>
            <Name>{certificate.issuer}</Name>
          </dd>
          <dt>{common.fingerprint}</dt>
          <dd>
            <code>sha256:{certificate.sha256}</code>
          </dd>
        </>
      )}
    </dl>
  );
}
