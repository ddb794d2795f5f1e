import type { ReactNode } from 'react';
import type { ShownProblem } from '../../main/contract/state.ts';
import { common as t } from '../texts/en/common.ts';
import type { Said } from '../texts/en/problems.ts';
import { Button } from './button.tsx';
import { Icon, type IconName } from './icon.tsx';
import { type OwnProblem, saidOf } from './said.ts';
import styles from './problem-panel.module.css';

/** What went wrong and what to do about it. It is announced where it appears. */
export function ProblemPanel({
  problem,
  onDismiss,
}: {
  problem: ShownProblem | OwnProblem | undefined;
  onDismiss?: () => void;
}) {
  return (
    <div role="alert" className={styles['place']}>
      {problem !== undefined && (
        <div className={styles['panel']}>
          <div className={styles['icon']}>
            <Icon name="alert" />
          </div>
          <div>
            <Sentences said={saidOf(problem)} />
            <Reference problem={problem} />
          </div>
          {onDismiss !== undefined && (
            <Button kind="quiet" onClick={onDismiss}>
              {t.dismiss}
            </Button>
          )}
        </div>
      )}
    </div>
  );
}

function Sentences({ said: { message, remedy, original } }: { said: Said }) {
  return (
    <>
      <p className={styles['message']}>{message}</p>
      {remedy !== undefined && <p className={styles['remedy']}>{remedy}</p>}
      {original !== undefined && <Original text={original} />}
    </>
  );
}

/** What the main process has said, below what it means in another language. */
export function Original({ text }: { text: string }) {
  return (
    <p className={styles['details']} lang="en">
      {text}
    </p>
  );
}

/** What an administrator needs to find the event in the directory's logs. */
function Reference({ problem: { entra } }: { problem: ShownProblem }) {
  if (entra === undefined) return null;
  const parts = [
    entra.aadsts === undefined ? undefined : `AADSTS${entra.aadsts}`,
    entra.error,
    entra.correlationId === undefined ? undefined : t.correlationId(entra.correlationId),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return null;
  return <p className={styles['details']}>{t.forSupport(parts.join(' · '))}</p>;
}

/** Something to know before going on; not a failure. */
export function Callout({ icon, title, children }: { icon: IconName; title: string; children?: ReactNode }) {
  return (
    <div className={`${styles['panel']} ${styles['warning']}`}>
      <div className={styles['icon']}>
        <Icon name={icon} />
      </div>
      <div>
        <p className={styles['message']}>{title}</p>
        {children !== undefined && <div className={styles['remedy']}>{children}</div>}
      </div>
    </div>
  );
}
