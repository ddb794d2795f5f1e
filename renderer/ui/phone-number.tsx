import { useEffect } from 'react';
import { useAnnounce } from './announcer.tsx';
import styles from './phone-number.module.css';

/** The number that the person has to choose on the phone, large enough to compare at arm's length. */
export function PhoneNumber({ number }: { number: string }) {
  const announce = useAnnounce();
  useEffect(() => announce(`Choose ${number} on your phone`), [announce, number]);
  return (
    <div className={styles['phone']}>
      <p>Choose this number on your phone</p>
      <p className={styles['number']} data-testid="phone-number">
        {number}
      </p>
    </div>
  );
}
