import type { KeyboardEvent, Ref } from 'react';
import styles from './search-input.module.css';

/** A field that finds in what is shown below it. Its label is for screen readers, and stands in it while it is empty. */
export function SearchInput(props: {
  label: string;
  value: string;
  ref?: Ref<HTMLInputElement> | undefined;
  onChange(text: string): void;
  onKeyDown?(event: KeyboardEvent): void;
}) {
  const { label, value, ref, onChange, onKeyDown } = props;
  return (
    <input
      ref={ref}
      type="search"
      data-search
      className={styles['search']}
      aria-label={label}
      placeholder={label}
      autoComplete="off"
      spellCheck={false}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      onKeyDown={onKeyDown}
    />
  );
}
