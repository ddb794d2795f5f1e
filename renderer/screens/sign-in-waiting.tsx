import type { SignInWay } from '../../main/contract/clouds.ts';
import type { SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { CodeCard, type CodeState } from './code-card.tsx';
import { PageHelp } from './page-help.tsx';
import styles from './sign-in.module.css';

/** The code, the way to the page where it is entered, and what to be careful of. */
export function DeviceCode({ code, other }: { code: CodeState; other: SignInWay | undefined }) {
  const action = useAction();
  const cancel = useAction();

  return (
    <section className={styles['centre']}>
      <ScreenHeading>Enter this code in your browser</ScreenHeading>
      <CodeCard code={code} action={action} />
      <ProblemPanel problem={action.problem ?? cancel.problem} />
      <div className={styles['wide']}>
        <Callout icon="shield" title="Enter this code only if you started this sign-in on this computer">
          <p>A code that somebody sent or read out to you would let them in as you.</p>
        </Callout>
      </div>
      <PageHelp signIn={code} other={other} />
      <Where signIn={code} />
      <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', {})}>
        Cancel sign-in
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
      <ScreenHeading>Go on in your browser</ScreenHeading>
      <div className={styles['card']}>
        <div className={styles['waiting']}>
          <Icon name="open" size={36} />
        </div>
        <p>The sign-in page has been opened there. Sign in, and come back: Latchkey notices by itself.</p>
        <Countdown
          from={signIn.startedAt}
          until={signIn.expiresAt}
          left="Waits for another"
          over="The time for this sign-in is over"
          soon="The sign-in waits for one more minute"
        />
      </div>
      <ProblemPanel problem={cancel.problem} />
      <PageHelp signIn={signIn} other={props.other} />
      <p className={styles['lead']}>
        No page there? Look for another browser window, or cancel and sign in another way.
      </p>
      <Where signIn={signIn} />
      <Button busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', {})}>
        Cancel sign-in
      </Button>
    </section>
  );
}

/** Which directory the code or the page signs in to. */
function Where({ signIn }: { signIn: Extract<SignInState, { kind: 'code' | 'browser' }> }) {
  return (
    <dl className={styles['facts']}>
      <dt>Signs you in to</dt>
      <dd>
        <Name>{signIn.provider}</Name>
      </dd>
      <dt>Tenant</dt>
      <dd>
        <Name>{signIn.tenant}</Name>
      </dd>
      <dt>Application</dt>
      <dd>{signIn.applicationId}</dd>
    </dl>
  );
}
