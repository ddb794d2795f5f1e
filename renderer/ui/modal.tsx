import { type ReactNode, useEffect, useId, useLayoutEffect, useRef } from 'react';
import { Announcer } from './announcer.tsx';
import styles from './modal.module.css';

/**
 * A dialog that stands before everything else for as long as it is rendered. Escape asks to leave, and the dialog goes
 * only when its owner stops rendering it; the browser then gives the focus back to where it was.
 */
export function Modal(props: {
  title: ReactNode;
  /** Escape was pressed; absent where the dialog must be answered. */
  onEscape?: () => void;
  /** For texts with long lines. */
  wide?: boolean;
  /** Buttons that stay in sight below what scrolls. */
  footer?: ReactNode;
  children: ReactNode;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const title = useId();
  const { onEscape } = props;

  // Before the element leaves the page: only a dialog that is closed gives the focus back.
  useLayoutEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  // After the effects of what stands inside, which may have taken the focus already.
  useEffect(() => {
    const active = document.activeElement;
    if (active === null || active.closest('dialog') !== dialog.current || active.matches('button'))
      heading.current?.focus();
  }, []);

  return (
    <dialog
      ref={dialog}
      className={`${styles['dialog']} ${props.wide === true ? styles['wide'] : ''}`}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        onEscape?.();
      }}
      onClose={() => {
        // A second Escape closes in spite of the refusal; while it is rendered the dialog stays.
        if (dialog.current?.isConnected === true && !dialog.current.open) dialog.current.showModal();
      }}
    >
      <h2 id={title} ref={heading} tabIndex={-1}>
        {props.title}
      </h2>
      {/* What stands outside of a modal dialog is not read out. */}
      <Announcer>
        <div className={styles['body']}>{props.children}</div>
        {props.footer !== undefined && <div className={styles['footer']}>{props.footer}</div>}
      </Announcer>
    </dialog>
  );
}
