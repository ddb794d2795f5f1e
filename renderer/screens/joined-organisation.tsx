import { useId, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { JoinDialog } from './late-dialogs.ts';
import styles from './settings.module.css';
import { useAdministration } from './step-up.tsx';

/** The organisation that was joined by its address or a file, or the way to join one. */
export function JoinedOrganisation({ state }: { state: AppState }) {
  const heading = useId();
  const { joinedOrganisation: joined } = state;
  return (
    <section className={styles['section']} aria-labelledby={heading}>
      <h2 id={heading}>Organisation by address or file</h2>
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
        You have joined no organisation by its address or a file.
        <small>With it Latchkey takes sign-in and databases from there.</small>
      </div>
      <Button onClick={() => setJoining(true)}>Join an organisation…</Button>
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
          Serial number {serial}, issued {new Date(issuedAt).toLocaleString()}, from <Name>{url}</Name>
        </small>
        <small>Fingerprint of its key: {fingerprint}</small>
        {!counts && <small>It does not count: this computer has settings of its own.</small>}
      </div>
      <Button onClick={() => setAsking(true)}>Leave…</Button>
      {asking && (
        <ConfirmDialog
          question={{
            title: `Leave ${name}?`,
            text: <p>What it has set does not count any more. Sessions that stand on it end.</p>,
            confirm: 'Leave',
          }}
          action={leave}
          onConfirm={async () => (await leave.run('leaveOrganisation', {})) !== undefined}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
