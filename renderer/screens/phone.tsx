import type { SecondFactor } from '../../main/contract/state.ts';
import { security as t } from '../texts/en/security.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { PhoneNumber } from '../ui/phone-number.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAs } from './accounts.tsx';
import { Cancel, ChangeButtons, FactorSection, ScanStep, Step, useFactor } from './factor-section.tsx';

/** The phone that can be asked instead of typing a code. */
export function Phone({ push, hasAuthenticator }: { push: SecondFactor['push']; hasAuthenticator: boolean }) {
  const factor = useFactor({ enrol: 'enrolPush', remove: 'removePush' }, t.phoneRemoved);
  const { confirming, enrolment } = factor;
  const as = useAs();

  async function tryPhone(): Promise<void> {
    if ((await confirming.run('confirmPush', as)) !== undefined) factor.end(t.phoneSetUp);
  }

  return (
    <FactorSection
      factor={factor}
      id="phone"
      title={t.phone}
      badge={
        <Badge tone={push.enrolled ? 'good' : 'waiting'}>
          {push.enrolled ? t.setUp : push.available ? t.notSetUp : t.notOffered}
        </Badge>
      }
      about={<p className={layout['soft']}>{about(push, hasAuthenticator)}</p>}
      buttons={push.available && hasAuthenticator ? <Buttons factor={factor} push={push} /> : undefined}
      proof={{ label: t.codeOfYourAuthenticator, remove: t.removePhone }}
      steps={
        enrolment && (
          <>
            <ScanStep
              title={t.subscribeInTheNtfyApplication}
              enrolment={enrolment}
              label={t.qrCodeWithTheTopicFor}
              byHand={<>{t.scanThisWithTheCameraOr(<Name>{new URL(enrolment.uri).host}</Name>)}</>}
              note={t.whoeverKnowsTheTopicCanRead}
            />
            <Step title={t.tryIt}>
              <p>{t.latchkeySendsARequestWithThree}</p>
              {push.testNumber !== undefined && <PhoneNumber number={push.testNumber} />}
              <ProblemPanel problem={confirming.problem} />
              <div className={layout['buttons']}>
                <Button kind="primary" busy={confirming.busy} onClick={() => void tryPhone()}>
                  <Icon name="phone" size={18} />
                  {confirming.busy ? t.waitingForThePhone : t.sendTheRequest}
                </Button>
                <Cancel factor={factor} />
              </div>
            </Step>
          </>
        )
      }
    />
  );
}

function Buttons({ factor, push }: { factor: ReturnType<typeof useFactor>; push: SecondFactor['push'] }) {
  if (push.enrolled) return <ChangeButtons factor={factor} label={t.removeThePhone} />;
  return (
    <Button kind="primary" onClick={() => factor.prove('enrol')}>
      {t.setUpAPhone}
    </Button>
  );
}

function about(push: SecondFactor['push'], hasAuthenticator: boolean): string {
  if (!push.available) return t.yourAdministratorHasNotSetUp;
  if (!hasAuthenticator) {
    return push.enrolled ? t.aPhoneIsSetUpSet : t.setUpAnAuthenticatorFirst;
  }
  return push.enrolled ? t.atALoginYourPhoneCan : t.withTheNtfyApplicationYour;
}
