import type { ReactNode } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { Spoken } from './announcer.tsx';
import styles from './frame.module.css';
import { Icon, type IconName } from './icon.tsx';
import { Logo } from './logo.tsx';

export type Place =
  | 'home'
  | 'activity'
  | 'audit'
  | 'tools'
  | 'connections'
  | 'security'
  | 'providers'
  | 'doctor'
  | 'settings'
  | 'about';

/** In the order in which they are shown; `has` is what else they are looked for by. */
export const places: { place: Place; icon: IconName; title: string; has?: string }[] = [
  { place: 'home', icon: 'key', title: 'Access' },
  { place: 'activity', icon: 'activity', title: 'Activity' },
  { place: 'audit', icon: 'list', title: 'Audit' },
  { place: 'tools', icon: 'plug', title: 'Tools' },
  { place: 'connections', icon: 'database', title: 'Connections' },
  { place: 'security', icon: 'shield', title: 'Security' },
  { place: 'providers', icon: 'directory', title: 'Providers' },
  { place: 'doctor', icon: 'pulse', title: 'Doctor' },
  { place: 'settings', icon: 'settings', title: 'Settings' },
  {
    place: 'about',
    icon: 'info',
    title: 'About',
    has: 'version licences log configuration support bundle help',
  },
];

/** What stands around every screen: the ways to the others, and who is signed in. */
export function Frame(props: {
  state: AppState;
  place: Place;
  onPlace(place: Place): void;
  notices: ReactNode;
  /** Who is signed in. */
  account: ReactNode;
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
              <span>{title}</span>
              {place === 'activity' && live > 0 && (
                <span className={styles['count']}>
                  {live}
                  <Spoken> live database sessions</Spoken>
                </span>
              )}
            </button>
          ))}
        </nav>
        <div className={styles['account']}>{props.account}</div>
      </header>
      <main className={styles['main']}>
        <div className={styles['notices']}>{props.notices}</div>
        {props.children}
      </main>
    </div>
  );
}
