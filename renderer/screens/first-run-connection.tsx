import { useEffect, useState } from 'react';
import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
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
        <ScreenHeading>Which database do you want to reach?</ScreenHeading>
        <p className={styles['lead']}>
          Your SQL tool will connect to a port on this computer. Latchkey logs in to the server as the role of
          your group.
        </p>
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
