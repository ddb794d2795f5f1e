import { useState } from 'react';
import type { AppState, SecondFactor } from '../../main/contract/state.ts';
import { common } from '../texts/en/common.ts';
import { security as t } from '../texts/en/security.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { Callout } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { wayWords } from '../ui/ways.ts';
import { AccountChoice, As, usualAccount } from './accounts.tsx';
import { Authenticator } from './authenticator.tsx';
import { Phone } from './phone.tsx';
import { PoliciesSection } from './policies.tsx';
import styles from './security.module.css';

/** The second factors of each account, and the ways to sign in that the administrator has set. */
export function Security({ state, onSignIn }: { state: AppState; onSignIn(): void }) {
  const { accounts } = state;
  const [chosen, setChosen] = useState<string>();
  const shown = accounts.find(({ account }) => account.objectId === chosen) ?? usualAccount(state);
  return (
    <>
      <ScreenHeading>{t.security}</ScreenHeading>
      {shown === undefined ? (
        <Empty
          icon="shield"
          title={t.signInToSeeYourSecond}
          way={
            <Button kind="primary" onClick={onSignIn}>
              {common.signIn}
            </Button>
          }
        >
          {t.theyBelongToYourAccountSo}
        </Empty>
      ) : (
        <As account={accounts.length > 1 ? shown.account.objectId : undefined}>
          <AccountChoice
            accounts={accounts}
            value={shown.account.objectId}
            hint={t.eachAccountHasSecondFactorsOf}
            onChange={setChosen}
          />
          {shown.secondFactor === undefined ? (
            <p className={layout['soft']}>{common.loading}</p>
          ) : (
            <Factors key={shown.account.objectId} secondFactor={shown.secondFactor} />
          )}
        </As>
      )}
      <SignInWays providers={state.providers} />
      <PoliciesSection policies={state.policies} />
    </>
  );
}

function Factors({ secondFactor }: { secondFactor: SecondFactor }) {
  const { totp, push, needed } = secondFactor;
  return (
    <>
      {needed && !totp.enrolled && !push.enrolled && (
        <Callout icon="alert" title={t.youNeedASecondFactor}>
          <p>{t.aDatabaseThatYouMayUse}</p>
        </Callout>
      )}
      <Authenticator totp={totp} phone={push.enrolled} />
      <Phone push={push} hasAuthenticator={totp.enrolled} />
    </>
  );
}

function SignInWays({ providers }: Pick<AppState, 'providers'>) {
  const enabled = providers.filter((provider) => provider.enabled);
  if (enabled.length === 0) return null;
  return (
    <section className={styles['section']} aria-labelledby="sign-in-ways">
      <h2 id="sign-in-ways">{t.signingIn}</h2>
      <div className={styles['card']}>
        <ul className={styles['ways']}>
          {enabled.map(({ name, type, ways }) => (
            <li key={name}>
              <Name>{name}</Name>{' '}
              <span>
                {type === 'local'
                  ? t.withUserNamePasswordAndCode
                  : ways.map((way) => wayWords()[way]).join(t.or)}
              </span>
            </li>
          ))}
        </ul>
        <p className={layout['soft']}>{t.whichWaysThereAreAndIn}</p>
      </div>
    </section>
  );
}
