import { type ReactNode, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Drafts } from '../ui/drafts.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Logo } from '../ui/logo.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { FirstConnection } from './first-run-connection.tsx';
import { FirstToken } from './first-run-token.tsx';
import { FirstTenant } from './first-run-tenant.tsx';
import { JoinDialog } from './late-dialogs.ts';
import { SignIn } from './sign-in.tsx';
import styles from './first-run.module.css';

const steps = ['Directory', 'Sign in', 'Database', 'Connect'] as const;
type Step = (typeof steps)[number];

/** From nothing to a first token, without an editor. @param props.onDone leads to the window as it is from then on */
export function FirstRun(props: { state: AppState; notices: ReactNode; onDone(): void }) {
  const { state, notices, onDone } = props;
  const [byHand, setByHand] = useState(false);
  const [connection, setConnection] = useState<string>();
  const step = stepOf(state, connection);
  return (
    <main className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['brand']}>
          <Logo size={28} />
          <span>Latchkey</span>
        </div>
        {(byHand || step !== 'Directory') && <Steps at={step} />}
      </header>
      {notices}
      {step === 'Directory' && !byHand && <Ways onHand={() => setByHand(true)} />}
      {step === 'Directory' && byHand && <FirstTenant onBack={() => setByHand(false)} />}
      {step === 'Sign in' && state.signIn.kind !== 'signed-in' && (
        <SignIn state={state} signIn={state.signIn} onProviders={onDone} />
      )}
      <Drafts>
        {step === 'Database' && <FirstConnection state={state} onSaved={setConnection} onLater={onDone} />}
      </Drafts>
      {step === 'Connect' && connection !== undefined && (
        <FirstToken state={state} name={connection} onDone={onDone} />
      )}
    </main>
  );
}

function stepOf({ providers, accounts, signIn }: AppState, connection: string | undefined): Step {
  if (providers.length === 0) return 'Directory';
  // A change may ask for one more sign-in, whose code is shown here.
  if (accounts.length === 0 || signIn.kind !== 'signed-in') return 'Sign in';
  return connection === undefined ? 'Database' : 'Connect';
}

function Steps({ at }: { at: Step }) {
  return (
    <ol className={styles['steps']} aria-label="Steps">
      {steps.map((step, index) => (
        <li key={step} aria-current={step === at ? 'step' : undefined}>
          {index + 1}. {step}
        </li>
      ))}
    </ol>
  );
}

function Ways({ onHand }: { onHand(): void }) {
  const [joining, setJoining] = useState(false);
  const demo = useAction();
  return (
    <>
      <div>
        <ScreenHeading>Reach your databases with your Microsoft sign-in</ScreenHeading>
        <p className={styles['lead']}>
          Nothing is set up yet. Choose how Latchkey learns where you sign in, and which databases there are.
        </p>
      </div>
      <ul className={styles['ways']}>
        <Way
          icon="people"
          title="Join your organisation"
          button={
            <Button kind="primary" onClick={() => setJoining(true)}>
              Join your organisation…
            </Button>
          }
        >
          Somebody gave you an address, a link or a file. It brings all settings along.
        </Way>
        <Way
          icon="directory"
          title="Set up by hand"
          button={<Button onClick={onHand}>Set up by hand</Button>}
        >
          You know the domain of your tenant and the id of an app registration.
        </Way>
        <Way
          icon="program"
          title="Try the demo"
          button={
            <Button busy={demo.busy} onClick={() => void demo.run('startDemo', {})}>
              {demo.busy ? 'The demo is starting…' : 'Start the demo'}
            </Button>
          }
        >
          An invented company, in a second Latchkey beside this one. Quit that one, and all of it is gone.
        </Way>
      </ul>
      <ProblemPanel problem={demo.problem} onDismiss={demo.dismiss} />
      {joining && <JoinDialog onClose={() => setJoining(false)} />}
    </>
  );
}

function Way(props: { icon: IconName; title: string; button: ReactNode; children: ReactNode }) {
  return (
    <li className={styles['way']}>
      <Icon name={props.icon} size={24} />
      <h2>{props.title}</h2>
      <p>{props.children}</p>
      {props.button}
    </li>
  );
}
