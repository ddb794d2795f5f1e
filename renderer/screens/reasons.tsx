import type { Explanation } from '../../main/contract/explanation.ts';
import { common } from '../texts/en/common.ts';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import styles from './why.module.css';

/** What lets one account in or keeps it out, step by step. */
export function Reasons({ explanation: { username, allowed, reasons } }: { explanation: Explanation }) {
  const verdict = reasons.findLast(({ step }) => step === 'verdict')?.text ?? '';
  const counting = reasons.filter(({ step, effect }) => step !== 'verdict' && effect !== 'info');
  const others = reasons.filter(({ step, effect }) => step !== 'verdict' && effect === 'info');
  return (
    <section className={styles['reasons']} aria-label={username}>
      <p className={allowed ? styles['allows'] : styles['denies']}>
        <Icon name={allowed ? 'check' : 'alert'} size={18} />
        <span>
          <strong>
            <Name>{username}</Name>
          </strong>
          : <Name>{verdict}</Name>
        </span>
      </p>
      <ul>
        {counting.map(({ effect, text }) => (
          <li key={text} className={styles[effect]}>
            <Icon name={effect === 'allows' ? 'check' : 'alert'} size={18} />
            <Name>{text}</Name>
          </li>
        ))}
      </ul>
      {others.length > 0 && (
        <details>
          <summary>{common.details}</summary>
          <ul>
            {others.map(({ text }) => (
              <li key={text}>
                <Name>{text}</Name>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
