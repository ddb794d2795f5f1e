import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Name } from '../ui/name.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { CodeCard, type CodeState } from './code-card.tsx';
import styles from './sign-in.module.css';

/** The code, the way to the page where it is entered, and what to be careful of. */
export function DeviceCode({ code }: { code: CodeState }) {
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
      <dl className={styles['facts']}>
        <dt>Signs you in to</dt>
        <dd>
          <Name>{code.provider}</Name>
        </dd>
        <dt>Tenant</dt>
        <dd>
          <Name>{code.tenant}</Name>
        </dd>
        <dt>Application</dt>
        <dd>{code.applicationId}</dd>
      </dl>
      <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', undefined)}>
        Cancel sign-in
      </Button>
    </section>
  );
}
