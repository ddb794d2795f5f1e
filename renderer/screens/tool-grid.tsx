import { useState } from 'react';
import type { ConnectTool } from '../../main/contract/shapes.ts';
import { connect as t } from '../texts/en/connect.ts';
import { Name } from '../ui/name.tsx';
import { SearchInput } from '../ui/search-input.tsx';
import styles from './tool-grid.module.css';

/** One of the tools, by name; fewer are shown once something is searched for. */
export function ToolGrid(props: {
  /** In the order in which they are shown. */
  tools: readonly ConnectTool[];
  /** An id. */
  chosen: string;
  onChoose(id: string): void;
}) {
  const { tools, chosen, onChoose } = props;
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLocaleLowerCase();
  const found = tools.filter(({ title }) => title.toLocaleLowerCase().includes(wanted));
  return (
    <div className={styles['choice']}>
      <SearchInput label={t.searchTools} value={search} onChange={setSearch} />
      <output className={styles['found']}>{found.length === 0 && t.noToolIsCalledThat}</output>
      <div role="radiogroup" aria-label={t.tool} className={styles['grid']}>
        {found.map(({ id, title, installed }) => (
          <label key={id} className={styles['tool']}>
            <input type="radio" name="tool" checked={id === chosen} onChange={() => onChoose(id)} />
            <span>
              <span className={styles['name']}>
                <Name>{title}</Name>
              </span>
              {installed && <small>{t.foundOnThisComputer}</small>}
            </span>
          </label>
        ))}
      </div>
    </div>
  );
}
