import { useState } from 'react';
import type { SignInWay } from '../../main/contract/clouds.ts';
import { assertNever } from '../../main/contract/errors.ts';
import type { AppState, SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { late } from '../late.tsx';
import { common } from '../texts/en/common.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import styles from './sign-in.module.css';
import { SignInStart } from './sign-in-start.tsx';
import { BrowserSignIn, DeviceCode } from './sign-in-waiting.tsx';

// For emergencies only.
const LocalSignIn = late(async () => (await import('./local-sign-in.tsx')).LocalSignIn);

type Signing = Exclude<SignInState, { kind: 'signed-in' }>;

/** Everything before somebody is signed in. @param props.onBack where others are already */
export function SignIn(props: { state: AppState; signIn: Signing; onProviders(): void; onBack?(): void }) {
  const { state, signIn } = props;
  // The form outlasts the working state that its own sign-in causes, so that a refusal is shown in it.
  const local = useAction();
  const [usesLocal, setUsesLocal] = useState(false);
  if (usesLocal && (signIn.kind === 'signed-out' || local.busy))
    return <LocalSignIn action={local} onBack={() => setUsesLocal(false)} />;

  switch (signIn.kind) {
    case 'signed-out':
      return (
        <SignInStart
          state={state}
          signIn={signIn}
          onLocal={() => setUsesLocal(true)}
          onProviders={props.onProviders}
          onBack={props.onBack}
        />
      );
    case 'working':
      // The key makes a new step a new screen: its heading takes the focus and is read.
      return <Working key={signIn.step} signIn={signIn} />;
    case 'code':
      return (
        <DeviceCode key={signIn.userCode} code={signIn} other={otherWay(state, signIn, 'device-code')} />
      );
    case 'browser':
      return (
        <BrowserSignIn key={signIn.startedAt} signIn={signIn} other={otherWay(state, signIn, 'browser')} />
      );
    default:
      return assertNever(signIn);
  }
}

function otherWay(
  { providers }: AppState,
  { provider }: { provider: string },
  way: SignInWay,
): SignInWay | undefined {
  return providers.find(({ name }) => name === provider)?.ways.find((candidate) => candidate !== way);
}

const steps = () => ({
  contacting: { title: t.contactingTheDirectory, text: t.itAnswersWithinAFewSeconds },
  'reading-groups': {
    title: t.signedInReadingYourGroups,
    text: t.yourGroupsDecideWhichDatabases,
  },
  restoring: {
    title: t.restoringYourLastSignIn,
    text: t.noCodeIsNeededIfThe,
  },
});

function Working({ signIn }: { signIn: Extract<Signing, { kind: 'working' }> }) {
  const cancel = useAction();
  const { title, text } = steps()[signIn.step];
  return (
    <section className={styles['centre']}>
      <div className={styles['spinner']} aria-hidden="true" />
      <ScreenHeading>{title}</ScreenHeading>
      <p className={styles['lead']}>{text}</p>
      <ProblemPanel problem={cancel.problem} />
      <div>
        <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', {})}>
          {common.cancel}
        </Button>
      </div>
    </section>
  );
}
