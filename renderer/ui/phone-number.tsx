import { common as t } from '../texts/en/common.ts';
import { useEffect } from 'react';
import { useAnnounce } from './announcer.tsx';
import styles from './phone-number.module.css';

/** The number that the person has to choose on the phone, large enough to compare at arm's length. */
export function PhoneNumber({ number }: { number: string }) {
  const announce = useAnnounce();
  useEffect(() => announce(t.chooseOnYourPhone(number)), [announce, number]);
  return (
    <div className={styles['phone']}>
      <p>{t.chooseThisNumberOnYourPhone}</p>
      <p className={styles['number']} data-testid="phone-number">
        {number}
      </p>
    </div>
  );
}
