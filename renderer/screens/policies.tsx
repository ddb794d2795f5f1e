import type { AppState } from '../../main/contract/state.ts';
import { protocolTitles } from '../ui/protocols.ts';
import styles from './settings.module.css';

type Policies = NonNullable<AppState['policies']>;
type Origin = Policies['onLock']['origin'];

const onLock: Record<Policies['onLock']['value'], string> = {
  keep: 'Logins and database sessions go on. Programs that were allowed until then are asked about again.',
  cut: 'Tokens and database sessions end, and nobody is let in until the unlock.',
  'sign-out': 'Every account is signed out; tokens and database sessions end.',
};

const setBy: Record<Origin, string> = {
  'built-in': 'Not set; this is what Latchkey does by itself',
  organisation: 'Set by your organisation',
  person: 'Set in your configuration file',
};

/** What the configuration says of a locked screen and of logins that wait. It is changed there. */
export function PoliciesSection({ policies }: { policies: Policies | undefined }) {
  if (policies === undefined) return null;
  const { onLock: lock, holds } = policies;
  const origins = [...new Set(holds.map(({ origin }) => origin))];
  return (
    <section className={styles['section']} aria-labelledby="policies">
      <h2 id="policies">Locked screen and waiting logins</h2>
      <div className={styles['panel']}>
        <div className={styles['row']}>
          <div className={styles['what']}>
            When the screen is locked
            <small>{onLock[lock.value]}</small>
            <small>
              {setBy[lock.origin]}: <code>session.onLock</code>
            </small>
          </div>
        </div>
        <div className={styles['row']}>
          <div className={styles['what']}>
            How long a login waits for you
            <small>
              {holds.map(({ protocol, value }) => `${protocolTitles[protocol]} ${value}`).join(', ')};
              programs whose own patience is known have a time of their own.
            </small>
            <small>
              {origins.map((origin) => setBy[origin]).join('; ')}: <code>hold</code>
            </small>
          </div>
        </div>
      </div>
    </section>
  );
}
