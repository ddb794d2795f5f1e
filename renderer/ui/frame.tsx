import type { ReactNode } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { Spoken } from './announcer.tsx';
import styles from './frame.module.css';
import { Icon, type IconName } from './icon.tsx';
import { Logo } from './logo.tsx';
import { Name } from './name.tsx';
import { timeOfDay, useNow } from './time.ts';

export type Place =
  'home' | 'activity' | 'tools' | 'connections' | 'security' | 'providers' | 'doctor' | 'settings';

const places: { place: Place; icon: IconName; title: string }[] = [
  { place: 'home', icon: 'key', title: 'Access' },
  { place: 'activity', icon: 'activity', title: 'Activity' },
  { place: 'tools', icon: 'plug', title: 'Tools' },
  { place: 'connections', icon: 'database', title: 'Connections' },
  { place: 'security', icon: 'shield', title: 'Security' },
  { place: 'providers', icon: 'directory', title: 'Providers' },
  { place: 'doctor', icon: 'pulse', title: 'Doctor' },
  { place: 'settings', icon: 'settings', title: 'Settings' },
];

/** What stands around every screen: the ways to the others, and who is signed in. */
export function Frame(props: {
  state: AppState;
  place: Place;
  onPlace(place: Place): void;
  notices: ReactNode;
  children: ReactNode;
}) {
  const live = props.state.databaseSessions.length;
  return (
    <div className={styles['frame']}>
      <header className={styles['side']}>
        <div className={styles['brand']}>
          <Logo size={28} />
          <span>Latchkey</span>
        </div>
        <nav aria-label="Latchkey" className={styles['places']}>
          {places.map(({ place, icon, title }) => (
            <button
              key={place}
              type="button"
              className={styles['place']}
              aria-current={place === props.place ? 'page' : undefined}
              onClick={() => props.onPlace(place)}
            >
              <Icon name={icon} size={18} />
              {title}
              {place === 'activity' && live > 0 && (
                <span className={styles['count']}>
                  {live}
                  <Spoken> live database sessions</Spoken>
                </span>
              )}
            </button>
          ))}
        </nav>
        <Who state={props.state} />
      </header>
      <main className={styles['main']}>
        <div className={styles['notices']}>{props.notices}</div>
        {props.children}
      </main>
    </div>
  );
}

function Who({ state: { signIn, accounts } }: { state: AppState }) {
  const now = useNow(60_000);
  if (accounts.length > 1) {
    return (
      <div className={styles['who']}>
        <strong>{accounts.length} accounts</strong>
        {accounts.map(({ account: { objectId, username }, until }) => (
          <div key={objectId}>
            <Name>{username}</Name> until {timeOfDay(until, now)}
          </div>
        ))}
      </div>
    );
  }
  if (signIn.kind !== 'signed-in') {
    return (
      <div className={styles['who']}>{signIn.kind === 'signed-out' ? 'Not signed in' : 'Signing in…'}</div>
    );
  }
  return (
    <div className={styles['who']}>
      <strong>
        <Name>
          {signIn.account.displayName === '' ? signIn.account.username : signIn.account.displayName}
        </Name>
      </strong>
      until {timeOfDay(signIn.until, now)}
    </div>
  );
}
