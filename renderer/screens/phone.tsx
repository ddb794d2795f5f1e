import type { SecondFactor } from '../../main/contract/state.ts';
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
  const factor = useFactor({ enrol: 'enrolPush', remove: 'removePush' }, 'Phone removed');
  const { confirming, enrolment } = factor;
  const as = useAs();

  async function tryPhone(): Promise<void> {
    if ((await confirming.run('confirmPush', as)) !== undefined) factor.end('Phone set up');
  }

  return (
    <FactorSection
      factor={factor}
      id="phone"
      title="Phone"
      badge={
        <Badge tone={push.enrolled ? 'good' : 'waiting'}>
          {push.enrolled ? 'Set up' : push.available ? 'Not set up' : 'Not offered'}
        </Badge>
      }
      about={<p className={layout['soft']}>{about(push, hasAuthenticator)}</p>}
      buttons={push.available && hasAuthenticator ? <Buttons factor={factor} push={push} /> : undefined}
      proof={{ label: 'Code of your authenticator', remove: 'Remove phone' }}
      steps={
        enrolment && (
          <>
            <ScanStep
              title="Subscribe in the ntfy application"
              enrolment={enrolment}
              label="QR code with the topic for your phone. The same topic is written out beside it."
              byHand={
                <>
                  Scan this with the camera, or add a subscription on the server{' '}
                  <Name>{new URL(enrolment.uri).host}</Name> to this topic:
                </>
              }
              note="Whoever knows the topic can read who logs in where."
            />
            <Step title="Try it">
              <p>Latchkey sends a request with three numbers to choose from. It approves nothing.</p>
              {push.testNumber !== undefined && <PhoneNumber number={push.testNumber} />}
              <ProblemPanel problem={confirming.problem} />
              <div className={layout['buttons']}>
                <Button kind="primary" busy={confirming.busy} onClick={() => void tryPhone()}>
                  <Icon name="phone" size={18} />
                  {confirming.busy ? 'Waiting for the phone…' : 'Send the request'}
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
  if (push.enrolled) return <ChangeButtons factor={factor} label="Remove the phone" />;
  return (
    <Button kind="primary" onClick={() => factor.prove('enrol')}>
      Set up a phone
    </Button>
  );
}

function about(push: SecondFactor['push'], hasAuthenticator: boolean): string {
  if (!push.available) return 'Your administrator has not set up a server that can reach phones.';
  if (!hasAuthenticator) {
    return push.enrolled
      ? 'A phone is set up. Set up an authenticator application before you change or remove it.'
      : 'Set up an authenticator application first: it is the way back in when the phone is lost.';
  }
  return push.enrolled
    ? 'At a login your phone can be asked: it shows three numbers, and you choose the one on this screen.'
    : 'With the ntfy application your phone can be asked at a login: it shows three numbers, and you choose the one on this screen.';
}
