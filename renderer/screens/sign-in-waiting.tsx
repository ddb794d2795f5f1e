import type { SignInWay } from '../../main/contract/clouds.ts';
import type { SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { CodeCard, type CodeState } from './code-card.tsx';
import { DirectoryDetails, TenantFact } from './directory-details.tsx';
import { PageHelp } from './page-help.tsx';
import styles from './sign-in.module.css';

/** The code, the way to the page where it is entered, and what to be careful of. */
export function DeviceCode({ code, other }: { code: CodeState; other: SignInWay | undefined }) {
  const action = useAction();
  const cancel = useAction();

  return (
    <section className={styles['centre']}>
      <ScreenHeading>{t.enterThisCodeInYourBrowser}</ScreenHeading>
      <CodeCard code={code} action={action} />
      <ProblemPanel problem={action.problem ?? cancel.problem} />
      <div className={styles['wide']}>
        <Callout icon="shield" title={t.enterThisCodeOnlyIfYou}>
          <p>{t.aCodeThatSomebodySentOr}</p>
        </Callout>
      </div>
      <PageHelp signIn={code} other={other} />
      <Where signIn={code} />
      <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', {})}>
        {t.cancelSignIn}
      </Button>
    </section>
  );
}

/** The sign-in goes on in the system's browser; here one sees to what, for how long, and how to stop. */
export function BrowserSignIn(props: {
  signIn: Extract<SignInState, { kind: 'browser' }>;
  other: SignInWay | undefined;
}) {
  const { signIn } = props;
  const cancel = useAction();
  return (
    <section className={styles['centre']}>
      <ScreenHeading>{t.goOnInYourBrowser}</ScreenHeading>
      <div className={styles['card']}>
        <div className={styles['waiting']}>
          <Icon name="open" size={36} />
        </div>
        <p>{t.theSignInPageHasBeen}</p>
        <Countdown
          from={signIn.startedAt}
          until={signIn.expiresAt}
          left={t.waitsForAnother}
          over={t.theTimeForThisSignIn}
          soon={t.theSignInWaitsForOne}
        />
      </div>
      <ProblemPanel problem={cancel.problem} />
      <PageHelp signIn={signIn} other={props.other} />
      <p className={styles['lead']}>{t.noPageThereLookForAnother}</p>
      <Where signIn={signIn} />
      <Button busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', {})}>
        {t.cancelSignIn}
      </Button>
    </section>
  );
}

/** Which directory the code or the page signs in to. */
function Where({ signIn }: { signIn: Extract<SignInState, { kind: 'code' | 'browser' }> }) {
  return (
    <>
      <dl className={styles['facts']}>
        <dt>{t.signsYouInTo}</dt>
        <dd>
          <Name>{signIn.provider}</Name>
        </dd>
        <TenantFact tenant={signIn.tenant} />
      </dl>
      <DirectoryDetails {...signIn} />
    </>
  );
}
