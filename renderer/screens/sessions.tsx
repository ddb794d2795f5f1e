import { useRef, useState } from 'react';
import type { DatabaseSession, HandleState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { access } from '../texts/en/access.ts';
import { common } from '../texts/en/common.ts';
import { activity as t } from '../texts/en/activity.ts';
import { amount } from '../ui/amount.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog, type Question } from '../ui/confirm-dialog.tsx';
import { Empty } from '../ui/empty.tsx';
import { SelectField } from '../ui/field.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ago, useNow } from '../ui/time.ts';
import styles from './activity.module.css';

const groupings = ['none', 'connection', 'program', 'username'] as const;
type Grouping = (typeof groupings)[number];
const groupingLabels = (): Record<Grouping, string> => ({
  none: t.nothing,
  connection: common.database,
  program: t.program,
  username: common.account,
});

/** By name of the group; the sessions keep their order. */
function groupsOf(
  sessions: DatabaseSession[],
  grouping: Grouping,
  titles: Map<string, string>,
): [string, DatabaseSession[]][] {
  const groups = new Map<string, DatabaseSession[]>();
  for (const session of sessions) {
    const names: Record<Grouping, string> = {
      none: '',
      connection: titles.get(session.connection) ?? session.connection,
      program: programOf(session),
      username: session.username,
    };
    groups.set(names[grouping], [...(groups.get(names[grouping]) ?? []), session]);
  }
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b));
}

/** Who is connected right now with what, and the ways to end that. */
export function Sessions(props: {
  sessions: DatabaseSession[];
  handles: HandleState[];
  /** Of the connections, by name. */
  titles: Map<string, string>;
  /** Those of one connection only: they are a part of its detail, and all means all of these. */
  isOfOne?: boolean;
  /** What the person looks for; absent where that is everything. */
  matches?: ((session: DatabaseSession) => boolean) | undefined;
  /** Leads to where a tool is connected. */
  onConnect?: () => void;
}) {
  const { sessions, titles, isOfOne = false, matches } = props;
  const Heading = isOfOne ? 'h3' : 'h2';
  const shown = matches === undefined ? sessions : sessions.filter(matches);
  const cut = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);
  const [asked, setAsked] = useState<DatabaseSession | 'all'>();
  const [grouping, setGrouping] = useState<Grouping>('none');
  const tools = new Map(props.handles.map(({ id, tool }) => [id, tool]));

  async function end(): Promise<boolean> {
    if (asked === undefined) return false;
    if (asked === 'all' && !isOfOne) return (await cut.run('cutSessions', { all: true })) !== undefined;
    for (const { id } of asked === 'all' ? sessions : [asked]) {
      // oxlint-disable-next-line no-await-in-loop -- what was refused for one is said before the next
      if ((await cut.run('cutSessions', { id })) === undefined) return false;
    }
    return true;
  }

  function tellEnded(): void {
    announce(asked === 'all' ? t.allSessionsEnded : t.sessionEnded);
    // The button that had the focus goes away with its row.
    heading.current?.focus();
  }

  return (
    <section className={styles['section']} aria-labelledby="sessions">
      <div className={styles['head']}>
        <Heading id="sessions" ref={heading} tabIndex={-1}>
          {t.liveDatabaseSessions}
        </Heading>
        <div className={styles['tools']}>
          {sessions.length > 1 && !isOfOne && (
            <SelectField<Grouping>
              label={t.groupBy}
              value={grouping}
              options={groupings.map((value) => ({ value, label: groupingLabels()[value] }))}
              onChange={setGrouping}
            />
          )}
          {sessions.length > 0 && (
            <Button kind="danger" onClick={() => setAsked('all')}>
              {t.endAll}
            </Button>
          )}
        </div>
      </div>
      {sessions.length === 0 && isOfOne ? (
        <p className={layout['soft']}>{t.nobodyIsConnected}</p>
      ) : sessions.length === 0 ? (
        <Empty
          icon="activity"
          title={t.nobodyIsConnectedHeading}
          way={
            props.onConnect !== undefined && <Button onClick={props.onConnect}>{access.connectATool}</Button>
          }
        >
          {t.loginsOfYourSqlToolsAppear}
        </Empty>
      ) : (
        groupsOf(shown, grouping, titles).map(([name, members]) => (
          <div key={name} className={styles['group']}>
            {grouping !== 'none' && (
              <h3>
                <Name>{name}</Name> <small>{members.length}</small>
              </h3>
            )}
            <ul className={styles['rows']} aria-label={grouping === 'none' ? t.sessions : name}>
              {members.map((session) => (
                <Session
                  key={session.id}
                  session={session}
                  title={titles.get(session.connection) ?? session.connection}
                  tool={session.handleId === undefined ? undefined : (tools.get(session.handleId) ?? '')}
                  onEnd={() => setAsked(session)}
                />
              ))}
            </ul>
          </div>
        ))
      )}
      {sessions.length > 0 && shown.length === 0 && <p>{t.noLiveSessionFitsTheSearch}</p>}
      {asked !== undefined && (
        <ConfirmDialog
          question={asked === 'all' ? endAllQuestion(sessions.length) : endQuestion(asked)}
          action={cut}
          onConfirm={end}
          onDone={tellEnded}
          onClose={() => setAsked(undefined)}
        />
      )}
    </section>
  );
}

function Session(props: {
  session: DatabaseSession;
  /** Of the connection. */
  title: string;
  /** What the handle that opened it was made for; empty where it is not there any more. */
  tool: string | undefined;
  onEnd(): void;
}) {
  const { session, title, tool } = props;
  const { process } = session;
  const now = useNow(10_000);
  const program = programOf(session);
  return (
    <li className={styles['row']}>
      <div className={styles['what']}>
        <strong>
          <Name>{program}</Name>
        </strong>
        <small>
          {process !== undefined && t.process(process.pid)}
          {session.program === '' ? (
            t.givesItselfNoName
          ) : (
            <>{t.callsItself(<Name>{session.program}</Name>)}</>
          )}
        </small>
        <small>
          {t.databaseRole(<Name>{title}</Name>, <Name>{session.database}</Name>, <Name>{session.role}</Name>)}
        </small>
        <small>
          <Name>{session.username}</Name>
          {tool !== undefined && (
            <>
              {' · '}
              {tool === '' ? t.withARevokedPassword : <>{t.withTheSavedPasswordOf(<Name>{tool}</Name>)}</>}
            </>
          )}
        </small>
      </div>
      <span className={styles['when']}>
        {t.connected(ago(now - Date.parse(session.since)))}
        <span>{t.sentReceived(amount(session.bytesFromClient), amount(session.bytesFromUpstream))}</span>
      </span>
      <Button kind="danger" label={t.endTheSessionOfOn(program, title)} onClick={props.onEnd}>
        {t.end}
      </Button>
    </li>
  );
}

/** The system's name for it; what the client calls itself stands beside it, and never in its place. */
function programOf({ process }: DatabaseSession): string {
  return process === undefined ? t.unknownProgram : process.program;
}

function endQuestion(session: DatabaseSession): Question {
  return {
    title: t.endThisSession,
    text: (
      <p>
        {t.losesItsConnectionToAtOnce(<Name>{programOf(session)}</Name>, <Name>{session.database}</Name>)}
      </p>
    ),
    confirm: t.endSession,
  };
}

function endAllQuestion(count: number): Question {
  return {
    title: t.endAllSessions,
    text: <p>{t.sessionsEndAtOnce(count)}</p>,
    confirm: t.endAll,
  };
}
