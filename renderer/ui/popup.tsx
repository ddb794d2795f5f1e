import { Fragment, type ReactNode, useId, useState } from 'react';
import styles from './popup.module.css';

/**
 * A button with a panel that opens beside it, over everything else. Escape and a click elsewhere close it, and the
 * focus goes back to the button: the browser does all three. What is in the panel exists only while it is open.
 */
export function Popup(props: {
  /** What stands on the button. */
  trigger: ReactNode;
  className: string | undefined;
  /** Instead of the words on the button. */
  label?: string;
  tabIndex?: number;
  role: 'menu' | 'dialog';
  /** Of the panel. */
  title: string;
  children(close: () => void): ReactNode;
}) {
  const { role, title, label, tabIndex } = props;
  const id = useId();
  const [panel, setPanel] = useState<HTMLDivElement | null>(null);
  /** When it was opened. Closed and opened at once, the browser tells the opening alone: what is in it is made anew all the same. */
  const [openedAt, setOpenedAt] = useState<number>();
  return (
    <>
      <button
        type="button"
        className={props.className}
        popoverTarget={id}
        aria-haspopup={role}
        aria-expanded={openedAt !== undefined}
        aria-label={label}
        tabIndex={tabIndex}
      >
        {props.trigger}
      </button>
      <div
        ref={setPanel}
        id={id}
        popover="auto"
        role={role}
        aria-label={title}
        className={`${styles['panel']} ${styles[role]}`}
        onToggle={(event) => {
          // React brings the toggles of what is in the panel up to here too.
          if (event.target === event.currentTarget)
            setOpenedAt(event.newState === 'open' ? event.timeStamp : undefined);
        }}
      >
        {openedAt !== undefined && (
          <Fragment key={openedAt}>{props.children(() => panel?.hidePopover())}</Fragment>
        )}
      </div>
    </>
  );
}
