import { type ReactNode, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { firstRun as t } from '../texts/en/first-run.ts';
import { Button } from '../ui/button.tsx';
import { Drafts } from '../ui/drafts.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { Logo } from '../ui/logo.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { FirstConnection } from './first-run-connection.tsx';
import { FirstToken } from './first-run-token.tsx';
import { FirstTenant } from './first-run-tenant.tsx';
import { JoinDialog } from './late-parts.ts';
import { SignIn } from './sign-in.tsx';
import styles from './first-run.module.css';

const steps = ['directory', 'sign-in', 'database', 'connect'] as const;
type Step = (typeof steps)[number];
const stepTitles = (): Record<Step, string> => ({
  directory: common.directory,
  'sign-in': common.signIn,
  database: common.database,
  connect: t.connect,
});

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
        {(byHand || step !== 'directory') && <Steps at={step} />}
      </header>
      {notices}
      {step === 'directory' && !byHand && <Ways onHand={() => setByHand(true)} />}
      {step === 'directory' && byHand && <FirstTenant onBack={() => setByHand(false)} />}
      {step === 'sign-in' && state.signIn.kind !== 'signed-in' && (
        <SignIn state={state} signIn={state.signIn} onProviders={onDone} />
      )}
      <Drafts>
        {step === 'database' && <FirstConnection state={state} onSaved={setConnection} onLater={onDone} />}
      </Drafts>
      {step === 'connect' && connection !== undefined && (
        <FirstToken state={state} name={connection} onDone={onDone} />
      )}
    </main>
  );
}

function stepOf({ providers, accounts, signIn }: AppState, connection: string | undefined): Step {
  if (providers.length === 0) return 'directory';
  // A change may ask for one more sign-in, whose code is shown here.
  if (accounts.length === 0 || signIn.kind !== 'signed-in') return 'sign-in';
  return connection === undefined ? 'database' : 'connect';
}

function Steps({ at }: { at: Step }) {
  return (
    <ol className={styles['steps']} aria-label={t.steps}>
      {steps.map((step, index) => (
        <li key={step} aria-current={step === at ? 'step' : undefined}>
          {index + 1}. {stepTitles()[step]}
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
        <ScreenHeading>{t.reachYourDatabasesWithYour}</ScreenHeading>
        <p className={styles['lead']}>{t.nothingIsSetUpYetChoose}</p>
      </div>
      <ul className={styles['ways']}>
        <Way
          icon="people"
          title={t.joinYourOrganisation}
          button={
            <Button kind="primary" onClick={() => setJoining(true)}>
              {t.joinYourOrganisationButton}
            </Button>
          }
        >
          {t.somebodyGaveYouAnAddressA}
        </Way>
        <Way
          icon="directory"
          title={t.setUpByHand}
          button={<Button onClick={onHand}>{t.setUpByHand}</Button>}
        >
          {t.youKnowTheDomainOfYour}
        </Way>
        <Way
          icon="program"
          title={t.tryTheDemo}
          button={
            <Button busy={demo.busy} onClick={() => void demo.run('startDemo', {})}>
              {demo.busy ? t.theDemoIsStarting : t.startTheDemo}
            </Button>
          }
        >
          {t.anInventedCompany}
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
