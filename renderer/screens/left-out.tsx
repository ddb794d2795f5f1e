import type { AppState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { frame as t } from '../texts/en/frame.ts';
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
      done.reply.changes.length > 0 ? t.theConfigurationCountsAsItIs : t.nothingThatCountsHasChangedIn,
    );
    // The button goes with the last fault.
    document.querySelector('h1')?.focus();
  }

  return (
    <section className={styles['place']} aria-label={t.connectionsWithAFault}>
      <p className={styles['lead']}>{t.connectionsAreLeftOutForTheir(faulty.length)}</p>
      {faulty.map(({ name, problem: { faults = [] } }) =>
        [...filesOf(faults)].map(([path, own]) => (
          <FaultyFile key={`${name} ${path}`} name={name} path={path} faults={own} open={open} />
        )),
      )}
      <ProblemPanel problem={open.problem ?? reload.problem} />
      <div className={layout['buttons']}>
        <Button busy={reload.busy} onClick={() => void tryAgain()}>
          {common.tryAgain}
        </Button>
      </div>
    </section>
  );
}
