import styles from './badge.module.css';

/** A state in a word; the colour repeats what the word says. */
export function Badge({ tone, children }: { tone: 'good' | 'waiting' | 'bad'; children: string }) {
  return <span className={`${styles['badge']} ${styles[tone]}`}>{children}</span>;
}
