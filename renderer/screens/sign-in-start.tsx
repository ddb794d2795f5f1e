import { useState } from 'react';
import type { SignInWay } from '../../main/contract/clouds.ts';
import { guid } from '../../main/contract/guid.ts';
import type { AppState, ProviderState, SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { Logo } from '../ui/logo.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { Name } from '../ui/name.tsx';
import { wayButtons } from '../ui/ways.ts';
import { Awaited } from './accounts.tsx';
import { DirectoryDetails, TenantFact } from './directory-details.tsx';
import { JoinDialog } from './late-parts.ts';
import { LockedKeyring } from './locked-keyring.tsx';
import styles from './sign-in.module.css';

const beginnings = (): Record<SignInWay, string> => ({
  'device-code': t.latchkeyShowsAShortCodeWhich,
  browser: t.latchkeyOpensTheSignInPage,
});

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
        {props.onBack === undefined ? t.signInToReachYourDatabases : t.signInWithOneMoreAccount}
      </ScreenHeading>
      {provider !== undefined && instead === undefined && (
        <p className={styles['lead']}>
          {t.yourSqlToolsThenConnectWith(beginnings()[provider.ways[0] ?? 'device-code'])}
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
          <p className={styles['lead']}>{t.noDirectoryIsTurnedOnYet}</p>
          <NoProvider onProviders={props.onProviders} />
        </>
      ) : (
        <Ways provider={provider} instead={instead} busy={action.busy} onSignIn={signIn} />
      )}
      {providers.length === 1 && provider !== undefined && (
        <dl className={styles['facts']}>
          <dt>{common.directory}</dt>
          <dd>
            <Name>{provider.name}</Name>
          </dd>
          <TenantFact tenant={provider.tenant} />
        </dl>
      )}
      {provider !== undefined && <DirectoryDetails {...provider} />}
      {hasLocal && (
        <Button kind="quiet" onClick={props.onLocal}>
          {t.breakGlassAccount}
        </Button>
      )}
      {props.onBack !== undefined && (
        <Button kind="quiet" onClick={props.onBack}>
          {common.back}
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
        {t.joinYourOrganisation}
      </Button>
      <Button kind="secondary" onClick={onProviders}>
        {t.setUpAProvider}
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
          {way === instead ? t.instead(wayButtons()[way]) : wayButtons()[way]}
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
      <legend>{t.whereIsYourAccount}</legend>
      {props.providers.map(({ name, tenant }) => (
        <label key={name} className={styles['choice']}>
          <input
            type="radio"
            name="provider"
            checked={name === props.chosen}
            onChange={() => props.onChoose(name)}
          />
          <Name>{name}</Name>
          {!guid.test(tenant) && <small>{t.tenant(<Name>{tenant}</Name>)}</small>}
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
