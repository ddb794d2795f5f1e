import type { Problem } from '../../main/contract/errors.ts';
import { common as t } from '../texts/en/common.ts';
import { Button } from './button.tsx';
import { ProblemPanel } from './problem-panel.tsx';
import styles from './reading.module.css';

/** Stands where something is still to come from main: says so, or why it did not come, with a way to try again. */
export function Reading(props: {
  problem: Problem | undefined;
  /** In place of "Loading…". */
  children?: string;
  onAgain(): void;
}) {
  return (
    <div className={styles['reading']}>
      {/* Always there, so that the alert is announced when something comes into it. */}
      <ProblemPanel problem={props.problem} />
      {props.problem === undefined ? (
        <output className={styles['soon']}>{props.children ?? t.loading}</output>
      ) : (
        <div>
          <Button onClick={props.onAgain}>{t.tryAgain}</Button>
        </div>
      )}
    </div>
  );
}

/** Says beside a choice that takes effect at once that it is under way; its room is always there. */
export function UnderWay({ busy }: { busy: boolean }) {
  return (
    <div className={styles['underWay']}>
      <output className={styles['soon']} key={String(busy)}>
        {busy && t.workingOnIt}
      </output>
    </div>
  );
}
