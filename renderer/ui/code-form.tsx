import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { ActionRunner } from '../bridge.ts';
import { common as t } from '../texts/en/common.ts';
import { Button, type ButtonProps } from './button.tsx';
import { CodeField } from './field.tsx';
import styles from './field.module.css';
import { ProblemPanel } from './problem-panel.tsx';

/**
 * Asks for one code and hands it on. The code leaves the field the moment it is submitted; a refusal stands under the
 * field, is announced, and brings the focus back for the next try.
 */
export function CodeForm(props: {
  label: string;
  hint?: ReactNode;
  submit: string;
  kind?: ButtonProps['kind'];
  action: ActionRunner;
  onCode(code: string): void;
  /** Other buttons beside the one that submits. */
  children?: ReactNode;
  focusAtFirst?: boolean;
  /** Where speed counts: six digits that are pasted are sent at once. */
  sendsPaste?: boolean;
}) {
  const { action, kind = 'primary' } = props;
  const [code, setCode] = useState('');
  const [missing, setMissing] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const { focusAtFirst = false } = props;

  useEffect(() => {
    if (focusAtFirst) input.current?.focus();
  }, [focusAtFirst]);
  useEffect(() => {
    if (action.problem !== undefined) input.current?.focus();
  }, [action.problem]);

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (action.busy) return;
        const given = code.trim();
        setMissing(given === '');
        setCode('');
        if (given === '') input.current?.focus();
        else props.onCode(given);
      }}
    >
      <CodeField
        ref={input}
        label={props.label}
        hint={props.hint}
        fault={missing ? t.enterACodeFirst : undefined}
        value={code}
        onChange={setCode}
        onPaste={(text) => {
          const pasted = text.replaceAll(/\s/g, '');
          if (props.sendsPaste !== true || action.busy || !/^\d{6}$/.test(pasted)) return false;
          setMissing(false);
          setCode('');
          props.onCode(pasted);
          return true;
        }}
        beside={
          <>
            <Button submit kind={kind} busy={action.busy}>
              {props.submit}
            </Button>
            {props.children}
          </>
        }
      />
      <div className={styles['problem']}>
        <ProblemPanel problem={action.problem} />
      </div>
    </form>
  );
}
