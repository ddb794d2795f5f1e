import type { ConnectionState } from '../../main/contract/state.ts';
import styles from './protocol-mark.module.css';

type Protocol = ConnectionState['protocol'];
const letters: Record<Protocol, string> = { postgresql: 'Pg', mysql: 'My', sqlserver: 'MS' };

/** Tells protocols apart at a glance. Their names stand beside it, so it is hidden from assistive technology. */
export function ProtocolMark({ protocol, large = false }: { protocol: Protocol; large?: boolean }) {
  return (
    <span
      aria-hidden="true"
      className={`${styles['mark']} ${styles[protocol]} ${large ? styles['large'] : ''}`}
    >
      {letters[protocol]}
    </span>
  );
}
