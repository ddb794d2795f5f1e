import { common as t } from '../texts/en/common.ts';
import { useEffect, useState } from 'react';
import { useAnnounce } from './announcer.tsx';
import styles from './copy-button.module.css';
import { Button, type ButtonProps } from './button.tsx';
import { Icon } from './icon.tsx';

const shownMs = 2500;

interface CopyButtonProps extends Pick<ButtonProps, 'kind' | 'large' | 'busy' | 'label'> {
  children: string;
  /** Copies, and says what was copied; undefined when it failed (the caller shows why). */
  onCopy(): Promise<string | undefined>;
}

/** Copies something and says so, on the button and to screen readers. */
export function CopyButton({ children, onCopy, label, busy = false, ...rest }: CopyButtonProps) {
  const announce = useAnnounce();
  const [copied, setCopied] = useState(0);
  const [copying, setCopying] = useState(false);

  useEffect(() => {
    if (copied === 0) return undefined;
    const timer = setTimeout(() => setCopied(0), shownMs);
    return () => clearTimeout(timer);
  }, [copied]);

  async function copy(): Promise<void> {
    setCopying(true);
    const told = await onCopy().finally(() => setCopying(false));
    if (told === undefined) return;
    announce(told);
    setCopied((count) => count + 1);
  }

  const done = copied > 0;
  return (
    <Button
      {...rest}
      busy={busy || copying}
      // What is read on it has to be in its name, for those who speak to the computer.
      {...(label === undefined ? {} : { label: done ? `${t.copied}: ${label}` : label })}
      onClick={() => void copy()}
    >
      <Icon name={done ? 'check' : 'copy'} size={18} />
      {/* Both words keep their room, so that the button does not change its size under the pointer. */}
      <span className={styles['words']}>
        <span className={done ? styles['away'] : undefined}>{children}</span>
        <span className={done ? undefined : styles['away']}>{t.copied}</span>
      </span>
    </Button>
  );
}
