import { common as t } from '../texts/en/common.ts';
import type { ReactNode, Ref } from 'react';
import { Button } from './button.tsx';
import layout from './layout.module.css';

/** Fields, and the buttons below them; it is sent once at a time. */
export function Form({
  label,
  submit,
  busy,
  onSubmit,
  onCancel,
  beside,
  ref,
  children,
}: {
  label: string;
  submit: string;
  busy: boolean;
  onSubmit(): void;
  onCancel(): void;
  /** Stands between the two buttons. */
  beside?: ReactNode;
  ref?: Ref<HTMLFormElement>;
  children: ReactNode;
}) {
  return (
    <form
      ref={ref}
      noValidate
      className={layout['form']}
      aria-label={label}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) onSubmit();
      }}
    >
      {children}
      <div className={layout['buttons']}>
        <Button submit kind="primary" busy={busy}>
          {submit}
        </Button>
        {beside}
        <Button kind="quiet" onClick={onCancel}>
          {t.cancel}
        </Button>
      </div>
    </form>
  );
}
