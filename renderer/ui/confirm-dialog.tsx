import { type ReactNode, useEffect, useId, useRef } from 'react';
import type { ActionRunner } from '../bridge.ts';
import { common as t } from '../texts/en/common.ts';
import { Button } from './button.tsx';
import styles from './confirm-dialog.module.css';
import { ProblemPanel } from './problem-panel.tsx';

export interface Question {
  title: string;
  text: ReactNode;
  /** The verb of what will happen, for the button. */
  confirm: string;
}

/**
 * Asks before something that cannot be undone. The way back has the focus, Escape takes it, and the browser returns
 * the focus to where it was.
 */
export function ConfirmDialog(props: {
  question: Question;
  action: ActionRunner;
  /** Says whether it is done; if not, the action's problem is shown and the question stands. */
  onConfirm(): Promise<boolean>;
  /** After it is done and the dialog closed: the place to move the focus, if its control is gone. */
  onDone?(): void;
  onClose(): void;
}) {
  const { question, action } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const back = useRef<HTMLButtonElement>(null);
  const title = useId();

  useEffect(() => {
    dialog.current?.showModal();
    back.current?.focus();
  }, []);

  async function confirm(): Promise<void> {
    if (!(await props.onConfirm())) return;
    // While a modal dialog is open nothing outside of it can take the focus.
    dialog.current?.close();
    props.onDone?.();
  }

  return (
    <dialog ref={dialog} className={styles['dialog']} aria-labelledby={title} onClose={props.onClose}>
      <h2 id={title}>{question.title}</h2>
      <div className={styles['text']}>{question.text}</div>
      <div className={styles['problem']}>
        <ProblemPanel problem={action.problem} />
      </div>
      <div className={styles['buttons']}>
        <Button ref={back} onClick={() => dialog.current?.close()}>
          {t.cancel}
        </Button>
        <Button kind="danger" busy={action.busy} onClick={() => void confirm()}>
          {question.confirm}
        </Button>
      </div>
    </dialog>
  );
}
