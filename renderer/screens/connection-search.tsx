import { access as t } from '../texts/en/access.ts';
import { common } from '../texts/en/common.ts';
import { type KeyboardEvent, type Ref } from 'react';
import { Icon } from '../ui/icon.tsx';
import { SearchInput } from '../ui/search-input.tsx';
import styles from './connection-search.module.css';

/** Finds a connection; the arrow down leads on into the list. */
export function ConnectionSearch(props: {
  value: string;
  /** How many are found; undefined while nothing is searched for. */
  found: number | undefined;
  ref?: Ref<HTMLInputElement>;
  onChange(text: string): void;
  onDown(): void;
}) {
  const { value, found, ref, onChange } = props;

  function move(event: KeyboardEvent): void {
    if (event.key !== 'ArrowDown' && event.key !== 'Enter') return;
    event.preventDefault();
    props.onDown();
  }

  return (
    <div className={styles['search']}>
      <Icon name="search" size={18} />
      <SearchInput ref={ref} label={t.searchConnections} value={value} onChange={onChange} onKeyDown={move} />
      <output className={styles['found']}>
        {found !== undefined && (found === 0 ? common.nothingFound : t.found(found))}
      </output>
    </div>
  );
}
