import { useEffect, useRef } from 'react';
import { useAnnounce } from './announcer.tsx';
import styles from './countdown.module.css';
import { clockLeft, useNow } from './time.ts';

/** The time until something ends, as a bar and in figures. The last minute is announced, once. */
export function Countdown(props: {
  /** ISO 8601 */
  from: string;
  /** ISO 8601 */
  until: string;
  /** Stands before the time that is left. */
  left: string;
  over: string;
  /** Said when `soonMs` are left. */
  soon: string;
  /** When the end is near; a minute by default. */
  soonMs?: number;
}) {
  const { from, until, soonMs = 60_000 } = props;
  const announce = useAnnounce();
  const now = useNow(1000);
  const end = Date.parse(until);
  const left = Math.max(0, end - now);
  const share = Math.min(1, left / Math.max(1, end - Date.parse(from)));
  const soon = left <= soonMs;
  const told = useRef(false);

  useEffect(() => {
    if (!soon || told.current) return;
    told.current = true;
    announce(props.soon);
  }, [soon, announce, props.soon]);

  return (
    <div className={`${styles['timer']} ${soon ? styles['soon'] : ''}`}>
      <div className={styles['track']} aria-hidden="true">
        <div className={styles['rest']} style={{ transform: `scaleX(${share})` }} />
      </div>
      <span role="timer">{left === 0 ? props.over : `${props.left} ${clockLeft(left)}`}</span>
    </div>
  );
}
