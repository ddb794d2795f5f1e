import type { ReactNode } from 'react';
import styles from './empty.module.css';
import { Icon, type IconName } from './icon.tsx';

/** Stands where a list has nothing yet, and says how something would come to be there. */
export function Empty(props: {
  icon: IconName;
  title: string;
  children: ReactNode;
  /** The button that leads on. */
  way?: ReactNode;
}) {
  const { icon, title, children, way } = props;
  return (
    <div className={styles['empty']}>
      <Icon name={icon} size={28} />
      <strong>{title}</strong>
      <p>{children}</p>
      {way !== undefined && <div className={styles['way']}>{way}</div>}
    </div>
  );
}
