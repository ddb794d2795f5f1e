import { useEffect, useRef, useState } from 'react';
import type { Group } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { TextField } from '../ui/field.tsx';
import { guid } from '../../main/contract/guid.ts';
import { connections as t } from '../texts/en/connections.ts';
import { Details } from '../ui/details.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { useAs } from './accounts.tsx';
import styles from './connections.module.css';

/** A directory group, looked up by the beginning of its name; its object id is what counts. */
export function GroupField(props: {
  /** Of the one that is chosen; its id is empty where none is. */
  group: Group;
  fault: string | undefined;
  onChange(group: Group): void;
}) {
  const { group, onChange } = props;
  const search = useAction();
  const as = useAs();
  const announce = useAnnounce();
  const [text, setText] = useState('');
  const [found, setFound] = useState<Group[]>();
  const change = useRef<HTMLButtonElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const [moved, setMoved] = useState<'chosen' | 'changing'>();
  const isChosen = group.id !== '';

  useEffect(() => {
    if (moved === 'chosen') change.current?.focus();
    if (moved === 'changing') input.current?.focus();
  }, [moved]);

  function choose(chosen: Group): void {
    setFound(undefined);
    setText('');
    setMoved(chosen.id === '' ? 'changing' : 'chosen');
    onChange(chosen);
  }

  async function find(): Promise<void> {
    const wanted = text.trim();
    if (guid.test(wanted)) return choose({ id: wanted.toLowerCase(), name: '' });
    if (wanted === '') return input.current?.focus();
    const done = await search.run('findGroups', { text: wanted, ...as });
    if (done === undefined) return;
    setFound(done.reply.groups);
    announce(t.groupsFound(done.reply.groups.length));
  }

  if (isChosen) {
    return (
      <div className={styles['chosen']}>
        <span className={styles['label']}>{t.directoryGroup}</span>
        <span>
          <Name>{group.name === '' ? t.groupWithoutName : group.name}</Name>
          <Details facts={[[t.objectId, group.id]]} />
        </span>
        <Button
          ref={change}
          label={t.chooseAnotherGroupThan(group.name === '' ? t.groupWithoutName : group.name)}
          onClick={() => choose({ id: '', name: '' })}
        >
          {t.chooseAnother}
        </Button>
      </div>
    );
  }
  return (
    <div className={styles['choosing']}>
      <div className={styles['search']}>
        <TextField
          ref={input}
          label={t.directoryGroup}
          hint={t.theBeginningOfItsNameOr}
          value={text}
          onChange={setText}
          onEnter={() => void find()}
          maxLength={256}
          fault={props.fault}
        />
        <div className={layout['buttons']}>
          <Button busy={search.busy} label={t.lookUpTheGroup} onClick={() => void find()}>
            {t.lookUp}
          </Button>
        </div>
      </div>
      <ProblemPanel problem={search.problem} onDismiss={search.dismiss} />
      {found !== undefined && (
        <ul className={styles['found']} aria-label={t.groupsFoundHeading}>
          {found.length === 0 && <li>{t.noGroupOfYourDirectoryBegins}</li>}
          {found.map((one) => (
            <li key={one.id}>
              <Button kind="quiet" label={t.choose(one.name)} onClick={() => choose(one)}>
                <Name>{one.name === '' ? t.groupWithoutName : one.name}</Name>
              </Button>
              <Details facts={[[t.objectId, one.id]]} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
