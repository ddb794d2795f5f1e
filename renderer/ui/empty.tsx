import type { ReactNode } from 'react';
import styles from './empty.module.css';
import { Icon, type IconName } from './icon.tsx';

/** Stands where a list has nothing yet, and says how something would come to be there. */
export function Empty({ icon, title, children }: { icon: IconName; title: string; children: ReactNode }) {
  return (
    <div className={styles['empty']}>
      <Icon name={icon} size={28} />
      <strong>{title}</strong>
      <p>{children}</p>
    </div>
  );
}
