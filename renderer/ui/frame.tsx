import type { ReactNode } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { frame as t } from '../texts/en/frame.ts';
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
export const places = (): { place: Place; icon: IconName; title: string; has?: string }[] => [
  { place: 'home', icon: 'key', title: t.access },
  { place: 'activity', icon: 'activity', title: t.activity },
  { place: 'audit', icon: 'list', title: t.audit },
  { place: 'tools', icon: 'plug', title: t.tools },
  { place: 'connections', icon: 'database', title: t.connections },
  { place: 'security', icon: 'shield', title: t.security },
  { place: 'providers', icon: 'directory', title: t.providers },
  { place: 'doctor', icon: 'pulse', title: t.doctor },
  { place: 'settings', icon: 'settings', title: t.settings },
  {
    place: 'about',
    icon: 'info',
    title: t.about,
    has: t.versionLicencesLog,
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
        <nav aria-label={t.latchkey} className={styles['places']}>
          {places().map(({ place, icon, title }) => (
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
                  <Spoken>{t.liveDatabaseSessions}</Spoken>
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
