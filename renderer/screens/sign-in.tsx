import { assertNever } from '../../main/contract/errors.ts';
import type { AppState, SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { DeviceCode } from './device-code.tsx';
import styles from './sign-in.module.css';
import { SignInStart } from './sign-in-start.tsx';

type Signing = Exclude<SignInState, { kind: 'signed-in' }>;

/** Everything before somebody is signed in. */
export function SignIn({ state, signIn }: { state: AppState; signIn: Signing }) {
  switch (signIn.kind) {
    case 'signed-out':
      return <SignInStart state={state} problem={signIn.problem} />;
    case 'working':
      // The key makes a new step a new screen: its heading takes the focus and is read.
      return <Working key={signIn.step} signIn={signIn} />;
    case 'code':
      return <DeviceCode key={signIn.userCode} code={signIn} />;
    default:
      return assertNever(signIn);
  }
}

const steps = {
  contacting: { title: 'Asking for a code…', text: 'The directory answers within a few seconds.' },
  'reading-groups': {
    title: 'Signed in. Reading your groups…',
    text: 'Your groups decide which databases you may use.',
  },
  restoring: {
    title: 'Restoring your last sign-in…',
    text: 'No code is needed if the directory still accepts it.',
  },
};

function Working({ signIn }: { signIn: Extract<Signing, { kind: 'working' }> }) {
  const cancel = useAction();
  const { title, text } = steps[signIn.step];
  return (
    <section className={styles['centre']}>
      <div className={styles['spinner']} aria-hidden="true" />
      <ScreenHeading>{title}</ScreenHeading>
      <p className={styles['lead']}>{text}</p>
      <ProblemPanel problem={cancel.problem} />
      <div>
        <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', undefined)}>
          Cancel
        </Button>
      </div>
    </section>
  );
}
