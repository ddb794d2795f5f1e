import type { AppState } from '../../main/contract/state.ts';
import { useReply } from '../bridge.ts';
import { firstRun as t } from '../texts/en/first-run.ts';
import { Reading } from '../ui/reading.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { ConnectionForm } from './connection-form.tsx';
import styles from './first-run.module.css';

const nothingStored: ReadonlySet<string> = new Set();

/** The first database: filled in, tested and saved. */
export function FirstConnection(props: { state: AppState; onSaved(name: string): void; onLater(): void }) {
  const { reply: read, problem, again } = useReply('readConnections');
  return (
    <>
      <div>
        <ScreenHeading>{t.whichDatabaseDoYouWantTo}</ScreenHeading>
        <p className={styles['lead']}>{t.yourSqlToolWillConnectTo}</p>
      </div>
      {read === undefined && <Reading problem={problem} onAgain={again} />}
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
