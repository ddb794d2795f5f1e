import { useEffect, useId, useState } from 'react';
import type { RecentLogin } from '../../main/contract/recent-login.ts';
import { useAction, useTurn } from '../bridge.ts';
import { activity as t } from '../texts/en/activity.ts';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { Original } from '../ui/problem-panel.tsx';
import { Reading } from '../ui/reading.tsx';
import { Switch } from '../ui/switch.tsx';
import { saidOf } from '../ui/said.ts';
import { ago, useNow } from '../ui/time.ts';
import layout from '../ui/layout.module.css';
import styles from './activity.module.css';

const shownAtMost = 50;

/** Read again with each login. @param connection of this one only */
function useLogins(seen: number, connection?: string) {
  const { run, problem } = useAction();
  const [read, setRead] = useState<{ seen: number; logins: RecentLogin[] }>();
  const [turn, again] = useTurn();

  useEffect(() => {
    // Each turn reads them anew.
    let isShown = turn >= 0;
    void run('readLogins', connection === undefined ? {} : { connection }).then((done) => {
      if (isShown && done !== undefined) setRead({ seen, logins: done.reply.logins });
      return undefined;
    });
    return () => {
      isShown = false;
    };
  }, [run, seen, connection, turn]);
  return { logins: read?.logins, problem, again };
}

const refusedAtMost = 5;

/** The last refusals at one connection; nothing where there is none. */
export function RefusedLogins({ seen, name, title }: { seen: number; name: string; title: string }) {
  const { logins, problem, again } = useLogins(seen, name);
  const refused = logins?.filter(({ outcome }) => outcome === 'refused') ?? [];
  // Most have none: nothing is promised before it is there.
  if (problem !== undefined) return <Reading problem={problem} onAgain={again} />;
  if (refused.length === 0) return null;
  return (
    <section className={styles['section']} aria-labelledby="refused-logins">
      <div className={styles['head']}>
        <h3 id="refused-logins">{t.refusedLately}</h3>
      </div>
      <ul className={styles['rows']} aria-label={t.refusedLoginsTheNewestFirst}>
        {refused.slice(0, refusedAtMost).map((login) => (
          <Login key={login.id} login={login} title={title} />
        ))}
      </ul>
      {refused.length > refusedAtMost && (
        <p className={layout['soft']}>{t.activityHasMore(refused.length - refusedAtMost)}</p>
      )}
    </section>
  );
}

/** Who came in lately and who did not, with the words that the client got. */
export function RecentLogins(props: {
  /** How many there were: with another one the list is read again. */
  seen: number;
  titles: Map<string, string>;
  /** Leaves out those that do not match what the person looks for. */
  matches(login: RecentLogin): boolean;
  onAudit(): void;
}) {
  const { logins, problem, again } = useLogins(props.seen);
  const only = useId();
  const [onlyRefused, setOnlyRefused] = useState(false);

  const shown = logins?.filter(
    (login) => props.matches(login) && (!onlyRefused || login.outcome === 'refused'),
  );
  return (
    <section className={styles['section']} aria-labelledby="recent-logins">
      <div className={styles['head']}>
        <h2 id="recent-logins">{t.recentLoginsAndRefusals}</h2>
        <div className={styles['only']}>
          <label htmlFor={only}>{t.onlyRefusals}</label>
          <Switch id={only} checked={onlyRefused} onChange={setOnlyRefused} />
        </div>
      </div>
      {(logins === undefined || problem !== undefined) && <Reading problem={problem} onAgain={again} />}
      {shown?.length === 0 && (
        <Empty
          icon="clock"
          title={nothingShown(logins ?? [], onlyRefused)}
          way={<Button onClick={props.onAudit}>{t.openTheAudit}</Button>}
        >
          {t.whatYourSqlToolsTryAppears}
        </Empty>
      )}
      {shown !== undefined && shown.length > 0 && (
        <ul className={styles['rows']} aria-label={t.recentLoginsTheNewestFirst}>
          {shown.slice(0, shownAtMost).map((login) => (
            <Login
              key={login.id}
              login={login}
              title={props.titles.get(login.connection) ?? login.connection}
            />
          ))}
        </ul>
      )}
    </section>
  );
}

function nothingShown(logins: RecentLogin[], onlyRefused: boolean): string {
  if (logins.length === 0) return t.noLoginsYet;
  if (onlyRefused && logins.every(({ outcome }) => outcome !== 'refused')) return t.nobodyWasRefused;
  return t.noLoginFitsTheSearch;
}

function Login({ login, title }: { login: RecentLogin; title: string }) {
  const { at, database, program, process, username, role, problem } = login;
  const now = useNow(10_000);
  const said = problem && saidOf(problem);
  return (
    <li className={`${styles['row']} ${styles['login']}`}>
      <div className={styles['what']}>
        <strong className={problem === undefined ? undefined : styles['refused']}>
          {problem !== undefined && <Icon name="alert" size={15} />}
          {(problem === undefined ? t.loggedInTo : t.wasRefusedAt)(
            <Name>{process?.program ?? t.unknownProgram}</Name>,
            <Name>{title}</Name>,
          )}
        </strong>
        {said !== undefined && (
          <p className={styles['told']}>
            <Name>{said.message}</Name>
          </p>
        )}
        {said?.remedy !== undefined && (
          <p className={styles['remedy']}>
            <Name>{said.remedy}</Name>
          </p>
        )}
        {said?.original !== undefined && <Original text={said.original} />}
        <small>
          {program === '' ? t.givesItselfNoName : <>{t.callsItself(<Name>{program}</Name>)}</>}
          {database !== '' && <>{t.database(<Name>{database}</Name>)}</>}
          {role !== undefined && <>{t.inRole(<Name>{role}</Name>)}</>}
          {username !== undefined && (
            <>
              {' · '}
              <Name>{username}</Name>
            </>
          )}
        </small>
      </div>
      <span className={styles['when']}>{ago(now - Date.parse(at))}</span>
    </li>
  );
}
