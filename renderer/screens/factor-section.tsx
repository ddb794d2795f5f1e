import type { ReactNode } from 'react';
import type { Enrolment } from '../../main/contract/shapes.ts';
import { type ActionRunner, useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { security as t } from '../texts/en/security.ts';
import { Button } from '../ui/button.tsx';
import { CodeForm } from '../ui/code-form.tsx';
import layout from '../ui/layout.module.css';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { Qr } from '../ui/qr.tsx';
import { type TaskControl, useTask } from '../ui/task.ts';
import { useAs } from './accounts.tsx';
import { useAdministration } from './step-up.tsx';
import styles from './security.module.css';

type Task =
  /** A code of the authenticator, before something may be set up in place of another or removed. */
  { kind: 'prove'; next: 'enrol' | 'remove' } | { kind: 'enrol'; enrolment: Enrolment };

interface Factor extends TaskControl<Task, HTMLHeadingElement> {
  /** What the phone has to learn, once that has begun. */
  enrolment: Enrolment | undefined;
  /** Asks for a code first. */
  prove(next: 'enrol' | 'remove'): void;
  /** Begins to set it up. */
  enrol(code?: string): Promise<void>;
  remove(code: string): Promise<void>;
  beginning: ActionRunner;
  /** For the last step of setting it up, which differs. */
  confirming: ActionRunner;
  removing: ActionRunner;
}

/** The steps of setting a second factor up and removing it. @param removed said when it is gone */
export function useFactor(
  actions: { enrol: 'enrolTotp' | 'enrolPush'; remove: 'removeTotp' | 'removePush' },
  removed: string,
): Factor {
  const control = useTask<Task>();
  const beginning = useAdministration();
  const confirming = useAction();
  const removing = useAction();
  const as = useAs();

  function end(text?: string): void {
    for (const action of [beginning, confirming, removing]) action.dismiss();
    control.end(text);
  }

  return {
    ...control,
    enrolment: control.task?.kind === 'enrol' ? control.task.enrolment : undefined,
    end,
    prove: (next) => control.begin({ kind: 'prove', next }),
    async enrol(code) {
      const done = await beginning.run(actions.enrol, { ...as, ...(code === undefined ? {} : { code }) });
      if (done !== undefined) control.begin({ kind: 'enrol', enrolment: done.reply });
    },
    async remove(code) {
      if ((await removing.run(actions.remove, { ...as, code })) !== undefined) end(removed);
    },
    beginning,
    confirming,
    removing,
  };
}

/** A second factor of the person: how it stands, and the steps of {@link useFactor}. */
export function FactorSection(props: {
  factor: Factor;
  id: string;
  title: string;
  badge: ReactNode;
  /** What is set up, or would be. */
  about: ReactNode;
  /** What can be done about it; undefined for nothing. */
  buttons: ReactNode;
  proof: Pick<Parameters<typeof CodeForm>[0], 'label'> & { remove: string };
  /** Stands above the question for the code. */
  warning?: (next: 'enrol' | 'remove') => string;
  /** Of setting it up; shown where there is something to enrol. */
  steps: ReactNode;
  /** Stands above everything in the card. */
  notice?: ReactNode;
  children?: ReactNode;
}) {
  const { factor, id, warning } = props;
  const { task, beginning, anchor } = factor;
  return (
    <section className={styles['section']} aria-labelledby={id}>
      <div className={styles['head']}>
        <h2 id={id} ref={anchor} tabIndex={-1}>
          {props.title}
        </h2>
        {props.badge}
      </div>
      <div className={styles['card']}>
        {props.notice}
        {task === undefined && (
          <>
            {props.about}
            <ProblemPanel problem={beginning.problem} onDismiss={beginning.dismiss} />
            {props.buttons !== undefined && <div className={layout['buttons']}>{props.buttons}</div>}
          </>
        )}
        {task?.kind === 'prove' && (
          <>
            {warning !== undefined && <p>{warning(task.next)}</p>}
            <Proof factor={factor} next={task.next} key={task.next} {...props.proof} />
          </>
        )}
        {factor.enrolment !== undefined && <ol className={styles['steps']}>{props.steps}</ol>}
      </div>
      {props.children}
    </section>
  );
}

function Proof(props: { factor: Factor; next: 'enrol' | 'remove'; label: string; remove: string }) {
  const { factor, next } = props;
  const enrols = next === 'enrol';
  return (
    <CodeForm
      label={props.label}
      hint={t.sixDigitsOrOneOfYour}
      submit={enrols ? t.goOn : props.remove}
      kind={enrols ? 'primary' : 'danger'}
      action={enrols ? factor.beginning : factor.removing}
      focusAtFirst
      onCode={(code) => void (enrols ? factor.enrol(code) : factor.remove(code))}
    >
      <Cancel factor={factor} />
    </CodeForm>
  );
}

export function Cancel({ factor }: { factor: Factor }) {
  return (
    <Button kind="quiet" onClick={() => factor.end()}>
      {common.cancel}
    </Button>
  );
}

/** The buttons of a factor that is set up. @param label of the one that removes it */
export function ChangeButtons({ factor, label }: { factor: Factor; label: string }) {
  return (
    <>
      <Button onClick={() => factor.prove('enrol')}>{t.setUpAnotherOne}</Button>
      <Button kind="danger" label={label} onClick={() => factor.prove('remove')}>
        {common.remove}
      </Button>
    </>
  );
}

/** One step of setting it up. */
export function Step({ title, children }: { title: string; children: ReactNode }) {
  return (
    <li>
      <div className={styles['step']}>
        <h3>{title}</h3>
        {children}
      </div>
    </li>
  );
}

/** The step in which the phone learns the key, from a picture or by hand. */
export function ScanStep(props: {
  title: string;
  enrolment: Enrolment;
  /** Of the picture. */
  label: string;
  byHand: ReactNode;
  /** Stands below the key. */
  note: string;
}) {
  const { qr, key } = props.enrolment;
  return (
    <Step title={props.title}>
      <div className={styles['scan']}>
        <Qr modules={qr} label={props.label} />
        <div>
          <p>{props.byHand}</p>
          <code className={styles['key']} data-testid="key">
            {key}
          </code>
          <p className={layout['soft']}>{props.note}</p>
        </div>
      </div>
    </Step>
  );
}
