import { useEffect, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { firstRun as t } from '../texts/en/first-run.ts';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import type { ReadConnections } from './connection-draft.ts';
import { ConnectionForm } from './connection-form.tsx';
import styles from './first-run.module.css';

const nothingStored: ReadonlySet<string> = new Set();

/** The first database: filled in, tested and saved. */
export function FirstConnection(props: { state: AppState; onSaved(name: string): void; onLater(): void }) {
  const { run, problem } = useAction();
  const [read, setRead] = useState<ReadConnections>();
  useEffect(() => {
    void run('readConnections', {}).then((found) => found && setRead(found.reply));
  }, [run]);
  return (
    <>
      <div>
        <ScreenHeading>{t.whichDatabaseDoYouWantTo}</ScreenHeading>
        <p className={styles['lead']}>{t.yourSqlToolWillConnectTo}</p>
      </div>
      <ProblemPanel problem={problem} />
      {read !== undefined && (
        <div className={styles['card']}>
          <ConnectionForm
            state={props.state}
            read={read}
            stored={nothingStored}
            onSaved={({ connections }) => props.onSaved(connections[0]?.name ?? '')}
            onCancel={props.onLater}
          />
        </div>
      )}
    </>
  );
}
