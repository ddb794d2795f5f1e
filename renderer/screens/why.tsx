import { useState } from 'react';
import type { Explanation } from '../../main/contract/explanation.ts';
import type { ConnectionState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { late } from '../late.tsx';
import { common } from '../texts/en/common.ts';
import { access as t } from '../texts/en/access.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Modal } from '../ui/modal.tsx';
import { Name } from '../ui/name.tsx';
import { Reading } from '../ui/reading.tsx';
import styles from './why.module.css';

const Reasons = late(async () => (await import('./reasons.tsx')).Reasons, null);

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
