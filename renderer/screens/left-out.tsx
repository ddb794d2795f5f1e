import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import layout from '../ui/layout.module.css';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { FaultyFile, filesOf } from './faulty-file.tsx';
import styles from './left-out.module.css';

/** Connections whose settings have a fault: they serve nothing, and are told with what to correct. */
export function LeftOut({ state }: { state: AppState }) {
  const { faultyConnections: faulty = [] } = state;
  const open = useAction();
  const reload = useAction();
  const announce = useAnnounce();
  if (faulty.length === 0) return null;

  async function tryAgain(): Promise<void> {
    const done = await reload.run('reloadConfiguration', {});
    if (done === undefined) return;
    announce(
      done.reply.changes.length > 0
        ? 'The configuration counts as it is now'
        : 'Nothing that counts has changed in the configuration',
    );
    // The button goes with the last fault.
    document.querySelector('h1')?.focus();
  }

  return (
    <section className={styles['place']} aria-label="Connections with a fault">
      <p className={styles['lead']}>
        {faulty.length === 1
          ? 'One connection is left out for its settings. All others go on.'
          : `${faulty.length} connections are left out for their settings. All others go on.`}
      </p>
      {faulty.map(({ name, problem: { faults = [] } }) =>
        [...filesOf(faults)].map(([path, own]) => (
          <FaultyFile key={`${name} ${path}`} name={name} path={path} faults={own} open={open} />
        )),
      )}
      <ProblemPanel problem={open.problem ?? reload.problem} />
      <div className={layout['buttons']}>
        <Button busy={reload.busy} onClick={() => void tryAgain()}>
          Try again
        </Button>
      </div>
    </section>
  );
}
