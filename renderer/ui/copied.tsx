import { common as t } from '../texts/en/common.ts';
import { type ReactNode, useEffect } from 'react';
import styles from './copied.module.css';
import { Icon } from './icon.tsx';
import { useNow } from './time.ts';

/** Says what to do with a secret that has been copied, for as long as it is on the clipboard. */
export function Copied(props: {
  /** ISO 8601 */
  clearsAt: string;
  onOver(): void;
  children: ReactNode;
}) {
  const { onOver } = props;
  const now = useNow(1000);
  const left = Math.ceil((Date.parse(props.clearsAt) - now) / 1000);
  const over = left <= 0;
  useEffect(() => {
    if (over) onOver();
  }, [over, onOver]);
  return (
    <p className={styles['copied']}>
      <Icon name="check" size={18} />
      <span>{t.itLeavesTheClipboardInS(props.children, Math.max(0, left))}</span>
    </p>
  );
}
