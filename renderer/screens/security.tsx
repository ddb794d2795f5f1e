import type { AppState } from '../../main/contract/state.ts';
import { Empty } from '../ui/empty.tsx';
import { Name } from '../ui/name.tsx';
import { Callout } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { wayWords } from '../ui/ways.ts';
import { Authenticator } from './authenticator.tsx';
import { Phone } from './phone.tsx';
import styles from './security.module.css';

/** The person's own second factors, and the ways to sign in that the administrator has set. */
export function Security({ state }: { state: AppState }) {
  const { secondFactor, signIn } = state;
  return (
    <>
      <ScreenHeading>Security</ScreenHeading>
      {signIn.kind !== 'signed-in' || secondFactor === undefined ? (
        <Empty icon="shield" title="Sign in to see your second factors">
          They belong to your account, so Latchkey has to know who you are.
        </Empty>
      ) : (
        <>
          {secondFactor.needed && !secondFactor.totp.enrolled && !secondFactor.push.enrolled && (
            <Callout icon="alert" title="You need a second factor">
              <p>
                A database that you may use asks for one at login. Until you have one, it lets you in nowhere.
              </p>
            </Callout>
          )}
          <Authenticator totp={secondFactor.totp} phone={secondFactor.push.enrolled} />
          <Phone push={secondFactor.push} hasAuthenticator={secondFactor.totp.enrolled} />
        </>
      )}
      <SignInWays providers={state.providers} />
    </>
  );
}

function SignInWays({ providers }: Pick<AppState, 'providers'>) {
  const enabled = providers.filter((provider) => provider.enabled);
  if (enabled.length === 0) return null;
  return (
    <section className={styles['section']} aria-labelledby="sign-in-ways">
      <h2 id="sign-in-ways">Signing in</h2>
      <div className={styles['card']}>
        <ul className={styles['ways']}>
          {enabled.map(({ name, type, ways }) => (
            <li key={name}>
              <Name>{name}</Name>{' '}
              <span>
                {type === 'local'
                  ? 'with user name, password and code'
                  : ways.map((way) => wayWords[way]).join(', or ')}
              </span>
            </li>
          ))}
        </ul>
        <p className={styles['soft']}>
          Which ways there are, and in which order they are offered, is set for each provider.
        </p>
      </div>
    </section>
  );
}
