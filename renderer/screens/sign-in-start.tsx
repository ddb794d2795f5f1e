import { useState } from 'react';
import type { AppState, ShownProblem } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { Name } from '../ui/name.tsx';
import styles from './sign-in.module.css';

/** Nobody is signed in: why, to which directory, and the way in. */
export function SignInStart({ state, problem }: { state: AppState; problem: ShownProblem | undefined }) {
  const { providers } = state;
  const signIn = useAction();
  const [chosen, setChosen] = useState(providers[0]?.name);
  const provider = providers.find(({ name }) => name === chosen) ?? providers[0];
  const shown = signIn.problem ?? problem;

  return (
    <section className={styles['centre']}>
      <Logo size={64} />
      <ScreenHeading>Sign in to reach your databases</ScreenHeading>
      <p className={styles['lead']}>
        Latchkey shows a short code, which you enter in your browser. Your SQL tools then connect with tokens
        that last minutes instead of passwords that last years.
      </p>
      <ProblemPanel problem={shown} />
      {providers.length > 1 && provider !== undefined && (
        <ProviderChoice providers={providers} chosen={provider.name} onChoose={setChosen} />
      )}
      <Button
        kind="primary"
        large
        busy={signIn.busy}
        onClick={() => void signIn.run('signIn', provider === undefined ? {} : { provider: provider.name })}
      >
        Sign in with a code
      </Button>
      {providers.length === 1 && provider !== undefined && (
        <dl className={styles['facts']}>
          <dt>Directory</dt>
          <dd>
            <Name>{provider.name}</Name>
          </dd>
          <dt>Tenant</dt>
          <dd>
            <Name>{provider.tenant}</Name>
          </dd>
          <dt>Application</dt>
          <dd>{provider.applicationId}</dd>
        </dl>
      )}
      <FailedConnections state={state} />
    </section>
  );
}

function ProviderChoice(props: {
  providers: AppState['providers'];
  chosen: string;
  onChoose(name: string): void;
}) {
  return (
    <fieldset className={styles['choices']}>
      <legend>Where is your account?</legend>
      {props.providers.map(({ name, tenant, applicationId }) => (
        <label key={name} className={styles['choice']}>
          <input
            type="radio"
            name="provider"
            checked={name === props.chosen}
            onChange={() => props.onChoose(name)}
          />
          <Name>{name}</Name>
          <small>
            Tenant <Name>{tenant}</Name>
          </small>
          <small>Application {applicationId}</small>
        </label>
      ))}
    </fieldset>
  );
}

/** A port that is taken is worth knowing before the sign-in, not only after it. */
function FailedConnections({ state }: { state: AppState }) {
  const failed = state.connections.flatMap(({ name, listener }) =>
    listener.kind === 'failed' ? [{ name, problem: listener.problem }] : [],
  );
  return failed.map(({ name, problem }) => (
    <div key={name} className={styles['wide']}>
      <ProblemPanel problem={problem} />
    </div>
  ));
}
