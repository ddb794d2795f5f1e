import { useState } from 'react';
import type { Explanation } from '../../main/contract/explanation.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { Reading } from '../ui/reading.tsx';
import styles from './why.module.css';

/** Says which group and which rule let somebody in or keep somebody out. */
export function Why({ connection, usernames }: { connection: ConnectionState; usernames: string[] }) {
  const { name, title } = connection;
  const explain = useAction();
  const announce = useAnnounce();
  const [found, setFound] = useState<Explanation[]>();
  const [open, setOpen] = useState(false);

  async function ask(): Promise<void> {
    setOpen(true);
    setFound(undefined);
    const all: Explanation[] = [];
    for (const username of usernames) {
      // One after the other: each may ask the directory.
      // oxlint-disable-next-line no-await-in-loop
      const done = await explain.run('explain', { subject: `${username}@${name}` });
      if (done === undefined) return;
      all.push(done.reply);
    }
    setFound(all);
    announce(t.explained);
  }

  return (
    <>
      <Button kind="quiet" label={t.why(title)} busy={explain.busy} onClick={() => void ask()}>
        {t.whyShort}
      </Button>
      {open && (
        <Modal title={<>{t.whoMayUseAndWhy(<Name>{title}</Name>)}</>} onEscape={() => setOpen(false)}>
          {found === undefined && (
            <Reading problem={explain.problem} onAgain={() => void ask()}>
              {t.lookingAtGroupsAndRules}
            </Reading>
          )}
          {found?.map((explanation) => (
            <Reasons key={explanation.username} explanation={explanation} />
          ))}
          <div className={styles['foot']}>
            <Button onClick={() => setOpen(false)}>{common.close}</Button>
          </div>
        </Modal>
      )}
    </>
  );
}

function Reasons({ explanation: { username, allowed, reasons } }: { explanation: Explanation }) {
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
