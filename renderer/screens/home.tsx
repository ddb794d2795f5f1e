import { useCallback, useEffect, useRef, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { access as t } from '../texts/en/access.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Empty } from '../ui/empty.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { indexOfDigit, useCommandKey } from '../ui/keys.ts';
import { timeOfDay, useNow } from '../ui/time.ts';
import { Awaited } from './accounts.tsx';
import { ConnectionDetail } from './connection-detail.tsx';
import { ConnectionList, type RowTask } from './connection-list.tsx';
import { type Row, sectionsOf } from './connection-rows.ts';
import { ConnectionSearch } from './connection-search.tsx';
import { LeftOut } from './late-parts.ts';
import { LockedKeyring } from './locked-keyring.tsx';
import type { Ways } from './lacks.tsx';
import { type Panes } from './panes.ts';
import { useFavourites } from './favourites.ts';
import styles from './home.module.css';

/** The connections as a list, and beside it the one that is chosen. */
export function Home({ state, ways, panes }: { state: AppState; ways: Ways; panes: Panes }) {
  useLook();
  const [search, setSearch] = useState('');
  const sections = sectionsOf(state, search);
  const row = chosenRow(state, panes.chosen) ?? sections[0]?.rows[0] ?? sectionsOf(state, '')[0]?.rows[0];
  const { begun, begin, focusTurn, focused } = panes;
  const field = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const shortlist = useFavourites(state);
  useCommandKey((key) => {
    const index = indexOfDigit(key);
    const picked = index === undefined ? undefined : sections.flatMap(({ rows }) => rows)[index];
    if (picked !== undefined) panes.open(picked.key, true);
    return index !== undefined;
  });
  useEffect(() => {
    if (focusTurn.on === 'nothing') return;
    if (focusTurn.on === 'detail') heading.current?.focus();
    if (focusTurn.on === 'list') focusRow(list.current);
    if (focusTurn.on === 'search') field.current?.focus();
    focused();
  }, [focusTurn, focused]);
  const onTask = useCallback(
    (key: string, task: RowTask): void => {
      if (task === 'edit') ways.connection({ name: nameIn(key), task });
      else begin(key, { task });
    },
    [begin, ways],
  );
  return (
    <>
      <Told state={state} />
      <ProblemPanel problem={shortlist.problem} onDismiss={shortlist.dismiss} />
      <div data-panes className={`${styles['panes']} ${panes.isOpen ? styles['isOpen'] : ''}`}>
        <div className={styles['list']}>
          <div className={styles['head']}>
            <ScreenHeading>{t.yourConnections}</ScreenHeading>
            <ConnectionSearch
              value={search}
              found={search.trim() === '' ? undefined : sections.flatMap(({ rows }) => rows).length}
              ref={field}
              onChange={setSearch}
              onDown={() => {
                const rows = sections.flatMap((section) => section.rows);
                const next = rows.find(({ key }) => key === row?.key) ?? rows[0];
                if (next !== undefined) panes.choose(next.key);
                focusRow(list.current);
              }}
            />
          </div>
          {state.connections.length === 0 && state.faultyConnections === undefined && (
            <div className={styles['empty']}>
              <Empty icon="database" title={t.noConnectionIsSetUpYet}>
                {t.addYourDatabaseOrImportThe}
              </Empty>
              <Button kind="primary" onClick={ways.administer}>
                {t.setUpConnections}
              </Button>
            </div>
          )}
          <ConnectionList
            sections={sections}
            chosen={row?.key}
            ref={list}
            onChoose={panes.choose}
            onOpen={panes.open}
            onTask={onTask}
            onFavour={shortlist.toggle}
            isFavourite={shortlist.has}
          />
          <div className={styles['leftOut']}>
            {state.faultyConnections !== undefined && <LeftOut state={state} />}
          </div>
        </div>
        {row !== undefined && (
          <div className={styles['pane']}>
            <ConnectionDetail
              key={`${row.key} ${begun?.turn ?? 0}`}
              state={state}
              row={row}
              begun={begun}
              isFavourite={shortlist.has(row.connection.name)}
              onFavour={shortlist.toggle}
              ways={ways}
              heading={heading}
              onEnter={panes.enter}
              onBack={panes.back}
            />
          </div>
        )}
      </div>
    </>
  );
}

/** Also where the search hides it. */
function chosenRow(state: AppState, key: string | undefined): Row | undefined {
  if (key === undefined) return undefined;
  return sectionsOf(state, '')
    .flatMap(({ rows }) => rows)
    .find((row) => row.key === key);
}

const nameIn = (key: string): string => key.slice(key.indexOf(' ') + 1);

/** The row that is chosen, else the first. */
function focusRow(list: HTMLElement | null): void {
  const stop =
    list?.querySelector<HTMLElement>('[role=row][aria-selected=true] button') ??
    list?.querySelector<HTMLElement>('[role=row] button');
  stop?.focus();
}

/** What has to be known of the accounts and the computer, whichever connection is chosen. */
function Told({ state }: { state: AppState }) {
  return (
    <div className={styles['told']}>
      {state.lockedSince !== undefined && <Locked since={state.lockedSince} />}
      <LockedKeyring seal={state.seal} />
      <ProblemPanel problem={state.signInProblem} />
      {state.accounts.map(
        ({ account: { objectId }, problem }) =>
          problem !== undefined && <ProblemPanel key={objectId} problem={problem} />,
      )}
      <Awaited state={state} />
    </div>
  );
}

/** Whoever opens this screen wants to know what can be used now. */
function useLook(): void {
  const { run } = useAction();
  useEffect(() => void run('lookAtConnections', {}), [run]);
}

/** Some screens never tell that they have been unlocked. */
function Locked({ since }: { since: string }) {
  const unlock = useAction();
  const announce = useAnnounce();
  const now = useNow(30_000);

  async function letIn(): Promise<void> {
    if ((await unlock.run('unlockAtScreen', {})) === undefined) return;
    announce(t.loginsAreLetInAgain);
    // The button goes with its call-out.
    document.querySelector('h1')?.focus();
  }

  return (
    <Callout icon="clock" title={t.noLoginIsLetInSince(timeOfDay(since, now))}>
      <p>{t.theSystemHasNotSaidThat}</p>
      <p>
        <Button busy={unlock.busy} onClick={() => void letIn()}>
          {t.letLoginsInAgain}
        </Button>
      </p>
      <ProblemPanel problem={unlock.problem} />
    </Callout>
  );
}
