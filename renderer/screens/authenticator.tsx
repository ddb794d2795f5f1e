import { useState } from 'react';
import type { SecondFactor } from '../../main/contract/state.ts';
import { security as t } from '../texts/en/security.ts';
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
  const factor = useFactor({ enrol: 'enrolTotp', remove: 'removeTotp' }, t.authenticatorRemoved);
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
      title={t.authenticatorApplication}
      badge={<Badge tone={totp.enrolled ? 'good' : 'waiting'}>{totp.enrolled ? t.setUp : t.notSetUp}</Badge>}
      notice={<Lock until={totp.lockedUntil} />}
      about={
        totp.enrolled ? (
          <CodesLeft count={totp.recoveryCodesLeft} />
        ) : (
          <p className={layout['soft']}>{t.anApplicationOnYourPhoneShows}</p>
        )
      }
      buttons={
        totp.enrolled ? (
          <ChangeButtons factor={factor} label={t.removeTheAuthenticator} />
        ) : (
          <Button kind="primary" busy={factor.beginning.busy} onClick={() => void factor.enrol()}>
            {t.setUpAnAuthenticator}
          </Button>
        )
      }
      proof={{ label: t.codeOfTheAuthenticatorYouHave, remove: t.removeAuthenticator }}
      warning={(next) =>
        next === 'enrol'
          ? t.theNewAuthenticatorTakesThe
          : phone
            ? t.loginsThenNeedYourPhone
            : t.loginsThenRefuseYou
      }
      steps={
        enrolment && (
          <>
            <ScanStep
              title={t.scanThisWithTheApplication}
              enrolment={enrolment}
              label={t.qrCodeWithTheKeyFor}
              byHand={t.noCameraTypeInThisKey}
              note={t.kindTimeBasedSixDigitsEvery}
            />
            <Step title={t.enterTheCodeThatItShows}>
              <CodeForm
                label={t.sixDigits}
                submit={t.confirm}
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
            announce(t.authenticatorSetUp);
          }}
        />
      )}
    </FactorSection>
  );
}

function CodesLeft({ count }: { count: number }) {
  if (count > fewCodes) return <p>{t.codesLeft(count)}</p>;
  return (
    <Callout icon="alert" title={t.fewCodesLeft(count)}>
      <p>{t.setUpTheAuthenticatorOnceMore}</p>
    </Callout>
  );
}

function Lock({ until }: { until: string | undefined }) {
  const now = useNow(1000);
  if (until === undefined || Date.parse(until) <= now) return null;
  return (
    <Callout icon="clock" title={t.lockedUntil(timeOfDay(until, now))}>
      <p>{t.thereWereTooManyWrongCodes}</p>
    </Callout>
  );
}
