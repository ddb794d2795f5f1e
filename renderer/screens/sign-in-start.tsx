import { useState } from 'react';
import type { SignInWay } from '../../main/contract/clouds.ts';
import type { AppState, ProviderState, SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { Name } from '../ui/name.tsx';
import { wayButtons } from '../ui/ways.ts';
import { Awaited } from './accounts.tsx';
import { JoinDialog } from './late-dialogs.ts';
import { LockedKeyring } from './locked-keyring.tsx';
import styles from './sign-in.module.css';

const beginnings: Record<SignInWay, string> = {
  'device-code': 'Latchkey shows a short code, which you enter in your browser.',
  browser: 'Latchkey opens the sign-in page in your browser.',
};

/** Nobody is signed in: why, to which directory, and the ways in. */
export function SignInStart(props: {
  state: AppState;
  signIn: Extract<SignInState, { kind: 'signed-out' }>;
  onLocal(): void;
  onProviders(): void;
  /** Where others are signed in: back to them. */
  onBack?: (() => void) | undefined;
}) {
  const { state } = props;
  const { problem, otherWay } = props.signIn;
  const providers = state.providers.filter(({ enabled, type }) => enabled && type === 'azure-directory');
  const hasLocal = state.providers.some(({ enabled, type }) => enabled && type === 'local');
  const action = useAction();
  const [chosen, setChosen] = useState(otherWay?.provider);
  const provider = providers.find(({ name }) => name === chosen) ?? providers[0];
  // The call-out about the keyring says the same, with a button.
  const isKeyring = problem?.code === 'seal-unavailable' && state.seal.waiting === true;
  const shown = action.problem ?? (isKeyring ? undefined : problem);
  const signIn = (way: SignInWay, name: string) => void action.run('signIn', { provider: name, way });
  const instead = otherWay !== undefined && otherWay.provider === provider?.name ? otherWay.way : undefined;

  return (
    <section className={styles['centre']}>
      <Logo size={64} />
      <ScreenHeading>
        {props.onBack === undefined ? 'Sign in to reach your databases' : 'Sign in with one more account'}
      </ScreenHeading>
      {provider !== undefined && instead === undefined && (
        <p className={styles['lead']}>
          {beginnings[provider.ways[0] ?? 'device-code']} Your SQL tools then connect with tokens that last
          minutes instead of passwords that last years.
        </p>
      )}
      <ProblemPanel problem={shown} />
      <Awaited state={state} />
      <div className={styles['wide']}>
        <LockedKeyring seal={state.seal} />
      </div>
      {providers.length > 1 && provider !== undefined && (
        <ProviderChoice providers={providers} chosen={provider.name} onChoose={setChosen} />
      )}
      {provider === undefined ? (
        <>
          <p className={styles['lead']}>No directory is turned on yet, so there is nowhere to sign in.</p>
          <NoProvider onProviders={props.onProviders} />
        </>
      ) : (
        <Ways provider={provider} instead={instead} busy={action.busy} onSignIn={signIn} />
      )}
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
      {hasLocal && (
        <Button kind="quiet" onClick={props.onLocal}>
          Use a break-glass account
        </Button>
      )}
      {props.onBack !== undefined && (
        <Button kind="quiet" onClick={props.onBack}>
          Back
        </Button>
      )}
      <FailedConnections state={state} />
    </section>
  );
}

/** At the first start: what somebody else has set up, or what one sets up oneself. */
function NoProvider({ onProviders }: { onProviders(): void }) {
  const [joining, setJoining] = useState(false);
  return (
    <div className={styles['ways']}>
      <Button kind="primary" large onClick={() => setJoining(true)}>
        Join your organisation…
      </Button>
      <Button kind="secondary" onClick={onProviders}>
        Set up a provider
      </Button>
      {joining && <JoinDialog onClose={() => setJoining(false)} />}
    </div>
  );
}

/** In the administrator's order; where a policy has blocked one way, the other one stands first. */
function Ways(props: {
  provider: ProviderState;
  instead: SignInWay | undefined;
  busy: boolean;
  onSignIn(way: SignInWay, provider: string): void;
}) {
  const { provider, instead } = props;
  const ways =
    instead === undefined ? provider.ways : [instead, ...provider.ways.filter((way) => way !== instead)];
  return (
    <div className={styles['ways']}>
      {ways.map((way, index) => (
        <Button
          key={way}
          kind={index === 0 ? 'primary' : 'secondary'}
          large={index === 0}
          busy={props.busy}
          onClick={() => props.onSignIn(way, provider.name)}
        >
          {way === instead ? `${wayButtons[way]} instead` : wayButtons[way]}
        </Button>
      ))}
    </div>
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
    listener.kind !== 'starting' && listener.problem !== undefined
      ? [{ name, problem: listener.problem }]
      : [],
  );
  return failed.map(({ name, problem }) => (
    <div key={name} className={styles['wide']}>
      <ProblemPanel problem={problem} />
    </div>
  ));
}
