import { useState } from 'react';
import type { SecondFactor } from '../../main/contract/state.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import layout from '../ui/layout.module.css';
import { Callout } from '../ui/problem-panel.tsx';
import { timeOfDay, useNow } from '../ui/time.ts';
import { useAs } from './accounts.tsx';
import { Cancel, ChangeButtons, FactorSection, ScanStep, Step, useFactor } from './factor-section.tsx';
import { RecoveryCodes } from './recovery-codes.tsx';

const fewCodes = 3;

/** The authenticator application: what is set up, and the ways to set up, replace and remove it. */
export function Authenticator({ totp, phone }: { totp: SecondFactor['totp']; phone: boolean }) {
  const factor = useFactor({ enrol: 'enrolTotp', remove: 'removeTotp' }, 'Authenticator removed');
  const { enrolment } = factor;
  // They live here only while they are shown.
  const [recoveryCodes, setRecoveryCodes] = useState<string[]>();
  const announce = useAnnounce();
  const as = useAs();

  async function confirm(code: string): Promise<void> {
    const done = await factor.confirming.run('confirmTotp', { ...as, code });
    if (done === undefined) return;
    setRecoveryCodes(done.reply.recoveryCodes);
    factor.end();
  }

  return (
    <FactorSection
      factor={factor}
      id="authenticator"
      title="Authenticator application"
      badge={
        <Badge tone={totp.enrolled ? 'good' : 'waiting'}>{totp.enrolled ? 'Set up' : 'Not set up'}</Badge>
      }
      notice={<Lock until={totp.lockedUntil} />}
      about={
        totp.enrolled ? (
          <CodesLeft count={totp.recoveryCodesLeft} />
        ) : (
          <p className={layout['soft']}>
            An application on your phone shows six digits that change every half minute. Any that knows the
            usual standard (TOTP) will do.
          </p>
        )
      }
      buttons={
        totp.enrolled ? (
          <ChangeButtons factor={factor} label="Remove the authenticator" />
        ) : (
          <Button kind="primary" busy={factor.beginning.busy} onClick={() => void factor.enrol()}>
            Set up an authenticator
          </Button>
        )
      }
      proof={{ label: 'Code of the authenticator you have now', remove: 'Remove authenticator' }}
      warning={(next) =>
        next === 'enrol'
          ? 'The new authenticator takes the place of this one, and new recovery codes that of the old ones.'
          : `Logins that ask for a second factor then ${phone ? 'need your phone' : 'refuse you'}.`
      }
      steps={
        enrolment && (
          <>
            <ScanStep
              title="Scan this with the application"
              enrolment={enrolment}
              label="QR code with the key for your authenticator. The same key is written out beside it."
              byHand="No camera? Type in this key:"
              note="Kind: time-based, six digits, every 30 seconds. Whoever sees the key can make your codes."
            />
            <Step title="Enter the code that it shows">
              <CodeForm
                label="Six digits"
                submit="Confirm"
                action={factor.confirming}
                focusAtFirst
                onCode={(code) => void confirm(code)}
              >
                <Cancel factor={factor} />
              </CodeForm>
            </Step>
          </>
        )
      }
    >
      {recoveryCodes !== undefined && (
        <RecoveryCodes
          codes={recoveryCodes}
          onStored={() => {
            setRecoveryCodes(undefined);
            announce('Authenticator set up');
          }}
        />
      )}
    </FactorSection>
  );
}

function CodesLeft({ count }: { count: number }) {
  const words = count === 1 ? '1 recovery code is' : `${count === 0 ? 'No' : count} recovery codes are`;
  if (count > fewCodes) return <p>{words} left for the day when your phone is not at hand.</p>;
  return (
    <Callout icon="alert" title={`${words} left`}>
      <p>Set up the authenticator once more to get new ones.</p>
    </Callout>
  );
}

function Lock({ until }: { until: string | undefined }) {
  const now = useNow(1000);
  if (until === undefined || Date.parse(until) <= now) return null;
  return (
    <Callout icon="clock" title={`Locked until ${timeOfDay(until, now)}`}>
      <p>There were too many wrong codes. If they were not yours, tell your administrator.</p>
    </Callout>
  );
}
