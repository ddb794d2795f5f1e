import { type ReactNode, type Ref, useEffect } from 'react';
import { common as t } from '../texts/en/common.ts';
import { useAnnounce } from './announcer.tsx';
import styles from './button.module.css';

export interface ButtonProps {
  children: ReactNode;
  onClick?: () => void;
  /** Sends the form that it stands in. */
  submit?: boolean;
  kind?: 'primary' | 'secondary' | 'quiet' | 'danger';
  large?: boolean;
  /** The action is under way: the button keeps its place and the focus, but does not act again. */
  busy?: boolean;
  /** What a screen reader says instead of the words on the button, for rows that repeat the same words. */
  label?: string;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({
  children,
  onClick,
  kind = 'secondary',
  submit = false,
  large,
  busy = false,
  label,
  ref,
}: ButtonProps) {
  useSlowness(busy);
  const classes = [styles['button'], styles[kind], large === true ? styles['large'] : undefined];
  return (
    <button
      ref={ref}
      type={submit ? 'submit' : 'button'}
      className={classes.filter(Boolean).join(' ')}
      aria-disabled={busy}
      aria-label={label}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.();
      }}
    >
      {children}
    </button>
  );
}

const slowMs = 1500;

/** What takes a while is told to those who do not see the bar that the button has meanwhile. */
function useSlowness(busy: boolean): void {
  const announce = useAnnounce();
  useEffect(() => {
    if (!busy) return undefined;
    const timer = setTimeout(() => announce(t.workingOnIt), slowMs);
    return () => clearTimeout(timer);
  }, [busy, announce]);
}
