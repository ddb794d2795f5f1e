import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from 'react';
import type { AppState, ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ProtocolMark } from '../ui/protocol-mark.tsx';
import { protocolTitles } from '../ui/protocols.ts';
import { As, useWhose } from './accounts.tsx';
import { availabilityOf } from './availability.ts';
import { ConnectDialog } from './late-parts.ts';
import styles from './connection-detail.module.css';
import type { Row } from './connection-rows.ts';
import { Roles } from './connection-roles.tsx';
import { RefusedLogins } from './recent-logins.tsx';
import { TestReport, useConnectionTest } from './connection-test.tsx';
import { Lacks, type Ways } from './lacks.tsx';
import { Sessions } from './sessions.tsx';
import { Why } from './why.tsx';

/** What can be begun from elsewhere: a test, or the settings of a tool. */
export interface ConnectionTask {
  task: 'connect' | 'test';
  /** Its id; absent where it is still to be chosen. */
  tool?: string;
}

interface DetailProps {
  state: AppState;
  row: Row;
  begun: ConnectionTask | undefined;
  isFavourite: boolean;
  onFavour(name: string): Promise<void>;
  ways: Ways;
  heading: RefObject<HTMLHeadingElement | null>;
  /** The focus has come in here. */
  onEnter(): void;
  /** Back to the list. */
  onBack(): void;
}

/** One database: whether its port answers, the roles that are open, and how to connect. */
export function ConnectionDetail(props: DetailProps) {
  const { accounts } = props.state;
  // What is done here is done as the account whose row was chosen.
  return (
    <As account={accounts.length > 1 ? props.row.grant?.objectId : undefined}>
      <Detail {...props} />
    </As>
  );
}

function Detail(props: DetailProps) {
  const { state, row, begun, ways, heading, onEnter, onBack } = props;
  const { connection } = row;
  const { name, title, protocol, host, port, database, grants } = connection;
  const open = grants.length > 0;
  const [connecting, setConnecting] = useState(begun?.task === 'connect');
  const { test, button } = useConnectionTest(state);
  const begin = useRef(begun);
  useEffect(() => {
    if (begin.current?.task === 'test') void test.run({ name });
    begin.current = undefined;
  }, [test, name]);
  const availability = availabilityOf(connection);

  function leave(event: KeyboardEvent<HTMLElement>): void {
    const inside = event.target instanceof Element && event.target.closest('dialog, [popover]') !== null;
    if (event.key === 'Escape' && !inside && !event.defaultPrevented) onBack();
  }

  return (
    // It only hears Escape, which leads back to the list from whatever has the focus in here.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      className={styles['detail']}
      aria-labelledby="connection-title"
      onFocus={onEnter}
      onKeyDown={leave}
    >
      <div className={styles['back']}>
        <Button kind="quiet" onClick={onBack}>
          <Icon name="back" size={18} />
          {t.allConnections}
        </Button>
      </div>
      <div className={styles['head']}>
        <ProtocolMark protocol={protocol} large />
        <div className={styles['name']}>
          <h2 id="connection-title" ref={heading} tabIndex={-1}>
            <Name>{title}</Name>
          </h2>
          <p className={styles['place']}>
            {t.at(protocolTitles[protocol], <Name>{database}</Name>, host, port)}
          </p>
        </div>
        <Badge tone={availability.tone}>{availability.word}</Badge>
        <Favourite title={title} isOne={props.isFavourite} onToggle={() => props.onFavour(name)} />
      </div>
      <div className={styles['buttons']}>
        {open && (
          <Button label={t.connectAToolTo(title)} onClick={() => setConnecting(true)}>
            <Icon name="plug" size={18} />
            {t.connectATool}
          </Button>
        )}
        <Button
          ref={button}
          kind="quiet"
          label={t.test(title)}
          busy={test.action.busy}
          onClick={() => void test.run({ name })}
        >
          {common.test}
        </Button>
        <Button kind="quiet" label={t.edit(title)} onClick={() => ways.connection({ name, task: 'edit' })}>
          {common.edit}
        </Button>
        <Why connection={connection} usernames={usernamesOf(props)} />
      </div>
      <TestReport test={test} name={title} />
      <ListenerProblem connection={connection} />
      <Lacks connection={connection} ways={ways} heading={heading} />
      {open ? (
        <Roles connection={connection} grants={inOrder(row)} tokens={state.tokens} />
      ) : (
        <p className={styles['hint']}>{t.noneOfYourGroupsOpensThis}</p>
      )}
      <CommandLines connection={connection} />
      {open && (
        <Sessions
          sessions={state.databaseSessions.filter((session) => session.connection === name)}
          handles={state.handles}
          titles={new Map([[name, title]])}
          isOfOne
        />
      )}
      <RefusedLogins seen={state.loginsSeen ?? 0} name={name} title={title} />
      {connecting && (
        <ConnectDialog
          connection={connection}
          first={{ tool: begun?.tool, account: row.grant?.objectId }}
          onClose={() => setConnecting(false)}
        />
      )}
    </section>
  );
}

/** Whose way in is asked for: of the account whose row it is, else of all. */
function usernamesOf({ state: { accounts }, row: { grant } }: DetailProps): string[] {
  const own = accounts.filter(({ account }) => account.objectId === grant?.objectId);
  return (own.length > 0 ? own : accounts).map(({ account: { username } }) => username);
}

function Favourite(props: { title: string; isOne: boolean; onToggle(): Promise<void> }) {
  const { title, isOne } = props;
  const [busy, setBusy] = useState(false);
  async function toggle(): Promise<void> {
    if (busy) return;
    setBusy(true);
    await props.onToggle().finally(() => setBusy(false));
  }
  return (
    <button
      type="button"
      className={styles['favourite']}
      aria-pressed={isOne}
      aria-disabled={busy}
      aria-label={t.favourite(title)}
      title={isOne ? t.removeFromFavourites : t.addToFavourites}
      onClick={() => void toggle()}
    >
      <Icon name="star" />
    </button>
  );
}

/** Those of the account whose row was chosen come first. */
function inOrder({ connection: { grants }, grant }: Row): ConnectionState['grants'] {
  const isOwn = ({ objectId }: ConnectionState['grants'][number]): boolean => objectId === grant?.objectId;
  return [...grants.filter(isOwn), ...grants.filter((each) => !isOwn(each))];
}

/** A port that is taken; it is tried again by itself, and by the button. */
function ListenerProblem({ connection: { title, listener } }: { connection: ConnectionState }) {
  const retry = useAction();
  if (listener.kind === 'starting' || listener.problem === undefined) return null;
  return (
    <>
      <ProblemPanel problem={retry.problem ?? listener.problem} />
      <div>
        <Button
          label={t.tryAgainThePortOf(title)}
          busy={retry.busy}
          onClick={() => void retry.run('retryListeners', {})}
        >
          {common.tryAgain}
        </Button>
      </div>
    </>
  );
}

/** One for each account that may use it: it has the sign-in name. */
function CommandLines({ connection }: { connection: ConnectionState }) {
  const { command, grants } = connection;
  const able = new Set(grants.map(({ objectId }) => objectId));
  if (able.size < 2)
    return command === undefined ? null : <CommandLine connection={connection} command={command} />;
  return grants.map(({ objectId, command: own }) =>
    own === undefined ? null : (
      <CommandLine key={objectId} connection={connection} command={own} account={objectId} />
    ),
  );
}

function CommandLine(props: { connection: ConnectionState; command: string; account?: string }) {
  const { connection, command, account } = props;
  const copy = useAction();
  const { nameOf } = useWhose();
  const as = account === undefined ? {} : { as: account };

  async function copyCommand(): Promise<string | undefined> {
    const done = await copy.run('copyCommand', { connection: connection.name, ...as });
    return done === undefined ? undefined : t.commandForCopied(connection.title);
  }

  return (
    <div>
      <div className={styles['command']}>
        {/* A region that scrolls must be reachable by keyboard. */}
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
        <code dir="ltr" tabIndex={0} role="group" aria-label={t.commandFor(connection.title)}>
          {command}
        </code>
        <CopyButton
          label={t.copyCommandFor(connection.title, account === undefined ? '' : t.asIt(nameOf(account)))}
          onCopy={copyCommand}
        >
          {common.copy}
        </CopyButton>
      </div>
      <ProblemPanel problem={copy.problem} onDismiss={copy.dismiss} />
    </div>
  );
}
