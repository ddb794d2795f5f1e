import { useCallback, useEffect, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction, useTurn } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { connections as t } from '../texts/en/connections.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { useIsDrafted } from '../ui/drafts.tsx';
import { Empty } from '../ui/empty.tsx';
import layout from '../ui/layout.module.css';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Reading } from '../ui/reading.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { useTask } from '../ui/task.ts';
import { AccountChoice, As, usualAccount } from './accounts.tsx';
import type { ReadConnections } from './connection-draft.ts';
import { ConnectionExport } from './connection-export.tsx';
import { ConnectionForm, draftKey, type SavedConnections } from './connection-form.tsx';
import { ConnectionImport } from './connection-import.tsx';
import { LeftOut } from './late-parts.ts';
import { mayAdd } from './organisation-locks.ts';
import { ManagedConnection, type ManagedTask } from './managed-connection.tsx';
import { whatCounts } from './what-counts.ts';
import cards from '../ui/cards.module.css';
import styles from './connections.module.css';

type Task = 'add' | 'import' | 'export';

/** A connection that another screen has led to. */
export interface ConnectionTarget {
  name: string;
  task: ManagedTask;
  /** The password to begin with. */
  secret?: string;
}

/** The connections of the configuration file, and their administration. */
export function Connections({ state, target }: { state: AppState; target?: ConnectionTarget | undefined }) {
  const { read, stored, problem, reload } = useConnections(state);
  const { accounts } = state;
  const [wanted, setWanted] = useState<string>();
  const acting = accounts.find(({ account }) => account.objectId === wanted) ?? usualAccount(state);
  const isDrafted = useIsDrafted();
  const {
    task,
    begin,
    end,
    anchor: list,
  } = useTask<Task, HTMLUListElement>(isDrafted(draftKey(undefined)) ? 'add' : undefined);
  const isOpen = mayAdd(state, 'connections');
  const [saved, setSaved] = useState<SavedConnections>();
  const announce = useAnnounce();

  function take(reply: SavedConnections): void {
    setSaved(reply);
    reload();
  }
  function added(reply: SavedConnections): void {
    take(reply);
    end(t.connectionsAdded(reply.connections.length));
  }

  const isNone =
    read?.connections.length === 0 && state.faultyConnections === undefined && task === undefined && isOpen;
  const add = isOpen && (
    <>
      <Button kind="primary" onClick={() => begin('add')}>
        {t.addAConnection}
      </Button>
      <Button onClick={() => begin('import')}>{t.importIt}</Button>
    </>
  );

  return (
    <As account={accounts.length > 1 ? acting?.account.objectId : undefined}>
      <div className={cards['top']}>
        <ScreenHeading>{t.connections}</ScreenHeading>
        {task === undefined && read !== undefined && (
          <div className={layout['buttons']}>
            {!isNone && add}
            {read.connections.length > 0 && <Button onClick={() => begin('export')}>{t.exportIt}</Button>}
          </div>
        )}
      </div>
      <p className={layout['soft']}>{t.theDatabasesOfTheConfiguration}</p>
      {(read === undefined || problem !== undefined) && <Reading problem={problem} onAgain={reload} />}
      <AccountChoice
        accounts={accounts}
        value={acting?.account.objectId ?? ''}
        hint={t.groupsAreLookedUpTestsLog}
        onChange={setWanted}
      />
      {saved !== undefined && <Saved saved={saved} onDismiss={() => setSaved(undefined)} />}
      {task !== undefined && read !== undefined && (
        <section className={cards['card']} aria-labelledby="connection-task">
          <h2 id="connection-task">{titles()[task]}</h2>
          {task === 'add' && (
            <ConnectionForm
              state={state}
              read={read}
              stored={stored}
              onSaved={added}
              onCancel={() => end()}
            />
          )}
          {task === 'import' && <ConnectionImport read={read} onSaved={added} onCancel={() => end()} />}
          {task === 'export' && (
            <ConnectionExport
              names={read.connections.map(({ name }) => name)}
              onDone={end}
              onCancel={() => end()}
            />
          )}
        </section>
      )}
      {!isOpen && <p className={layout['soft']}>{t.yourOrganisationAllowsNo}</p>}
      {accounts.length > 0 && state.faultyConnections !== undefined && <LeftOut state={state} />}
      {isNone && (
        <Empty icon="database" title={t.noConnectionIsSetUpYet} way={add}>
          {t.addYourDatabaseOrImportThe}
        </Empty>
      )}
      <ul className={cards['cards']} ref={list} tabIndex={-1} aria-label={t.connectionsOfTheFile}>
        {read?.connections.map((connection) => (
          <ManagedConnection
            key={connection.name}
            state={state}
            read={read}
            connection={connection}
            stored={stored}
            first={target?.name === connection.name ? target : undefined}
            onSaved={take}
            onStored={reload}
            onRemoved={(ended) => {
              setSaved(undefined);
              announce(t.connectionRemoved(whatCounts(ended)));
              reload();
              list.current?.focus();
            }}
          />
        ))}
      </ul>
    </As>
  );
}

const titles = (): Record<Task, string> => ({
  add: t.newConnection,
  import: t.importConnections,
  export: t.exportConnections,
});

/**
 * The file's connections and what is stored for them: asked for when the screen opens, after each change here, and when the
 * file has changed or counts.
 */
function useConnections({ configurationHash, configurationChange }: AppState) {
  const { run, problem } = useAction();
  const { run: runSecrets } = useAction();
  const [turn, reload] = useTurn();
  const told = JSON.stringify([configurationHash, configurationChange]);
  const [read, setRead] = useState<ReadConnections>();
  const [stored, setStored] = useState<ReadonlySet<string>>(new Set());
  const load = useCallback(
    () => Promise.all([run('readConnections', {}), runSecrets('listSecrets', {})]),
    [run, runSecrets],
  );
  useEffect(() => {
    // Each turn, and each news of the file, reads them anew.
    let shown = turn >= 0 && told !== '';
    void load().then(([found, secrets]) => {
      if (!shown) return undefined;
      if (found !== undefined) setRead(found.reply);
      const names = secrets?.reply.passwords.filter((one) => one.stored).map(({ name }) => name);
      if (names !== undefined) setStored(new Set(names));
      return undefined;
    });
    return () => {
      shown = false;
    };
  }, [load, turn, told]);
  return { read, stored, problem, reload };
}

/** What a change has come to, beside what is announced. */
function Saved({ saved, onDismiss }: { saved: SavedConnections; onDismiss(): void }) {
  const { connections, ended, warnings, stored, notStored } = saved;
  const names = connections.map(({ name, port }) => t.port(name, port)).join(', ');
  return (
    <>
      <div className={styles['saved']}>
        <p>
          <strong>{t.saved(names)}</strong>
        </p>
        <p>{whatCounts(ended)}</p>
        {stored.length > 0 && <p>{t.thePasswordIsStoredEncrypted}</p>}
        {warnings.map((warning) => (
          <p key={warning}>{warning}</p>
        ))}
        <div>
          <Button onClick={onDismiss}>{common.dismiss}</Button>
        </div>
      </div>
      <ProblemPanel problem={notStored} />
    </>
  );
}
