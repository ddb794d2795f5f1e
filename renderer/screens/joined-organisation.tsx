import { useId, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { organisation as t } from '../texts/en/organisation.ts';
import { locale } from '../texts/language.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { JoinDialog } from './late-parts.ts';
import styles from './settings.module.css';
import { useAdministration } from './step-up.tsx';

/** The organisation that was joined by its address or a file, or the way to join one. */
export function JoinedOrganisation({ state }: { state: AppState }) {
  const heading = useId();
  const { joinedOrganisation: joined } = state;
  return (
    <section className={styles['section']} aria-labelledby={heading}>
      <h2 id={heading}>{t.organisationByAddressOrFile}</h2>
      <div className={styles['panel']}>
        <div className={styles['row']}>{joined === undefined ? <None /> : <Joined joined={joined} />}</div>
      </div>
      <ProblemPanel problem={joined?.problem} />
    </section>
  );
}

function None() {
  const [joining, setJoining] = useState(false);
  return (
    <>
      <div className={styles['what']}>
        {t.youHaveJoinedNoOrganisationBy}
        <small>{t.withItLatchkeyTakesSignIn}</small>
      </div>
      <Button onClick={() => setJoining(true)}>{t.joinAnOrganisation}</Button>
      {joining && <JoinDialog onClose={() => setJoining(false)} />}
    </>
  );
}

function Joined({ joined }: { joined: NonNullable<AppState['joinedOrganisation']> }) {
  const leave = useAdministration();
  const [asking, setAsking] = useState(false);
  const { name, url, fingerprint, serial, issuedAt, counts } = joined;
  return (
    <>
      <div className={styles['what']}>
        <Name>{name}</Name>
        <small>
          {t.serialNumberIssuedFrom(serial, new Date(issuedAt).toLocaleString(locale()), <Name>{url}</Name>)}
        </small>
        <small>{t.fingerprintOfItsKey(fingerprint)}</small>
        {!counts && <small>{t.itDoesNotCountThisComputer}</small>}
      </div>
      <Button onClick={() => setAsking(true)}>{t.leave}</Button>
      {asking && (
        <ConfirmDialog
          question={{
            title: t.leaveQuestion(name),
            text: <p>{t.whatItHasSetDoesNot}</p>,
            confirm: t.leaveConfirm,
          }}
          action={leave}
          onConfirm={async () => (await leave.run('leaveOrganisation', {})) !== undefined}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
