import type { SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import styles from './sign-in.module.css';

/** The sign-in goes on in the system's browser; here one sees to what, for how long, and how to stop. */
export function BrowserSignIn({ signIn }: { signIn: Extract<SignInState, { kind: 'browser' }> }) {
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
      <p className={styles['lead']}>
        No page there? Look for another browser window, or cancel and sign in another way.
      </p>
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
      <Button busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', undefined)}>
        Cancel sign-in
      </Button>
    </section>
  );
}
