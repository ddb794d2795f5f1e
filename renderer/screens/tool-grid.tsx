import { useState } from 'react';
import type { ConnectTool } from '../../main/contract/shapes.ts';
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
      <SearchInput label="Search tools" value={search} onChange={setSearch} />
      <output className={styles['found']}>{found.length === 0 && 'No tool is called that.'}</output>
      <div role="radiogroup" aria-label="Tool" className={styles['grid']}>
        {found.map(({ id, title, installed }) => (
          <label key={id} className={styles['tool']}>
            <input type="radio" name="tool" checked={id === chosen} onChange={() => onChoose(id)} />
            <span>
              <span className={styles['name']}>
                <Name>{title}</Name>
              </span>
              {installed && <small>Found on this computer</small>}
            </span>
          </label>
        ))}
      </div>
    </div>
  );
}
