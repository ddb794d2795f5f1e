import { memo, useDeferredValue, useMemo, useState } from 'react';
import type { Language } from '../../main/contract/language.ts';
import type { Group } from '../../main/contract/state.ts';
import { frame as t } from '../texts/en/frame.ts';
import { locale, shownLanguage } from '../texts/language.ts';
import { Details } from '../ui/details.tsx';
import { Icon } from '../ui/icon.tsx';
import { ago, useNow } from '../ui/time.ts';
import { Name } from '../ui/name.tsx';
import { SearchInput } from '../ui/search-input.tsx';
import styles from './groups.module.css';

const searchFrom = 8;

/** The groups that access is decided by, closed at first: some people are in more than a thousand. */
export function Groups({ groups, readAt }: { groups: Group[]; readAt: string }) {
  const [open, setOpen] = useState(false);
  const now = useNow(30_000);
  return (
    <details className={styles['groups']} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <Icon name="people" />
        {t.yourGroups(groups.length, groups.length.toLocaleString(locale()))}
        <small>{t.read(ago(now - Date.parse(readAt)))}</small>
      </summary>
      {open && <GroupList groups={groups} readAt={readAt} language={shownLanguage()} />}
    </details>
  );
}

/** Every snapshot brings a new array; its content changes only when the groups were read again. */
const GroupList = memo(
  function GroupList({ groups }: { groups: Group[]; readAt: string; language: Language }) {
    const [search, setSearch] = useState('');
    const wanted = useDeferredValue(search).trim().toLocaleLowerCase();
    const found = useMemo(
      () =>
        groups.filter(
          ({ id, name }) => name.toLocaleLowerCase().includes(wanted) || id.toLowerCase().includes(wanted),
        ),
      [groups, wanted],
    );
    return (
      <div className={styles['list']}>
        {groups.length >= searchFrom && (
          <SearchInput label={t.searchYourGroups} value={search} onChange={setSearch} />
        )}
        <output className={styles['hint']}>
          {wanted === ''
            ? ''
            : t.of(found.length.toLocaleString(locale()), groups.length.toLocaleString(locale()))}
        </output>
        {groups.length === 0 ? (
          <p className={styles['hint']}>{t.theDirectoryListsNoGroupsFor}</p>
        ) : (
          // A scrolling list must be reachable by keyboard.
          // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
          <ul tabIndex={0} aria-label={t.yourGroupsHeading}>
            {found.map(({ id, name }) => (
              <GroupRow key={id} id={id} name={name} />
            ))}
          </ul>
        )}
      </div>
    );
  },
  (before, after) =>
    before.readAt === after.readAt &&
    before.groups.length === after.groups.length &&
    before.language === after.language,
);

/** Remembered, so that a letter typed into the search costs only the rows that come and go. */
const GroupRow = memo(function GroupRow({ id, name }: Group) {
  return (
    <li className={styles['group']}>
      {name === '' ? <Details summary={t.nameNotReadable} facts={[[t.objectId, id]]} /> : <Name>{name}</Name>}
    </li>
  );
});
