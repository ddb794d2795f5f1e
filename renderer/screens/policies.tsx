import type { AppState } from '../../main/contract/state.ts';
import { security as t } from '../texts/en/security.ts';
import { protocolTitles } from '../ui/protocols.ts';
import styles from './settings.module.css';

type Policies = NonNullable<AppState['policies']>;
type Origin = Policies['onLock']['origin'];

const onLock = (): Record<Policies['onLock']['value'], string> => ({
  keep: t.loginsAndDatabaseSessionsGoOn,
  cut: t.tokensAndDatabaseSessionsEnd,
  'sign-out': t.everyAccountIsSignedOutTokens,
});

const setBy = (): Record<Origin, string> => ({
  'built-in': t.notSetThisIsWhatLatchkey,
  organisation: t.setByYourOrganisation,
  person: t.setInYourConfigurationFile,
});

/** What the configuration says of a locked screen and of logins that wait. It is changed there. */
export function PoliciesSection({ policies }: { policies: Policies | undefined }) {
  if (policies === undefined) return null;
  const { onLock: lock, holds } = policies;
  const origins = [...new Set(holds.map(({ origin }) => origin))];
  return (
    <section className={styles['section']} aria-labelledby="policies">
      <h2 id="policies">{t.lockedScreenAndWaitingLogins}</h2>
      <div className={styles['panel']}>
        <div className={styles['row']}>
          <div className={styles['what']}>
            {t.whenTheScreenIsLocked}
            <small>{onLock()[lock.value]}</small>
            <small>
              {setBy()[lock.origin]}: <code>session.onLock</code>
            </small>
          </div>
        </div>
        <div className={styles['row']}>
          <div className={styles['what']}>
            {t.howLongALoginWaitsFor}
            <small>
              {t.programsWhoseOwnPatienceIs(
                holds.map(({ protocol, value }) => `${protocolTitles[protocol]} ${value}`).join(', '),
              )}
            </small>
            <small>
              {origins.map((origin) => setBy()[origin]).join('; ')}: <code>hold</code>
            </small>
          </div>
        </div>
      </div>
    </section>
  );
}
