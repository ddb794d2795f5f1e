import { useRef, useState } from 'react';
import type { AppState, HandleState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { tools as t } from '../texts/en/tools.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog, type Question } from '../ui/confirm-dialog.tsx';
import { Copied } from '../ui/copied.tsx';
import { Empty } from '../ui/empty.tsx';
import layout from '../ui/layout.module.css';
import { Name } from '../ui/name.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { ago, day, useNow } from '../ui/time.ts';
import styles from './activity.module.css';
import { HandleForm, type MadeHandle } from './handle-form.tsx';

/** The handles that tools have saved, the way to a new one, and the way to end one. */
export function Tools({ state, onHome }: { state: AppState; onHome(): void }) {
  const { handles } = state;
  const revoke = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<MadeHandle>();
  const [asked, setAsked] = useState<HandleState>();
  const titles = new Map(state.connections.map(({ name, title }) => [name, title]));
  const isIn = state.signIn.kind === 'signed-in';
  const open = state.connections.filter(({ grants }) => grants.length > 0);

  const make = <Button onClick={() => setMaking(true)}>{t.makeOne}</Button>;

  function tellMade(handle: MadeHandle): void {
    setMaking(false);
    setMade(handle);
    announce(t.copied(handle.tool));
  }

  function tellRevoked(): void {
    announce(t.revoked);
    heading.current?.focus();
  }

  return (
    <>
      <ScreenHeading>{t.tools}</ScreenHeading>
      <section className={styles['section']} aria-labelledby="handles">
        <div className={styles['head']}>
          <h2 id="handles" ref={heading} tabIndex={-1}>
            {t.savedPasswords}
          </h2>
          {open.length > 0 && handles.length > 0 && make}
        </div>
        <p>{t.whatItIs}</p>
        {open.length === 0 && (
          <p className={layout['soft']}>{isIn ? t.noneOfYourGroupsOpensA : t.signInToMakeOne}</p>
        )}
        {made !== undefined && (
          <Copied key={made.id} clearsAt={made.clearsAt} onOver={() => setMade(undefined)}>
            {t.isCopied(<Name>{made.tool}</Name>)}
          </Copied>
        )}
        {handles.length === 0 ? (
          <Empty
            icon="plug"
            title={t.noneYet}
            way={
              open.length > 0 ? (
                make
              ) : (
                <Button onClick={onHome}>{isIn ? t.goToYourConnections : common.signIn}</Button>
              )
            }
          >
            {t.makeOneForAToolThat}
          </Empty>
        ) : (
          <ul className={styles['rows']}>
            {handles.map((handle) => (
              <Handle
                key={handle.id}
                handle={handle}
                title={titles.get(handle.connection) ?? handle.connection}
                onRevoke={() => setAsked(handle)}
              />
            ))}
          </ul>
        )}
      </section>
      {making && <HandleForm connections={open} onMade={tellMade} onCancel={() => setMaking(false)} />}
      {asked !== undefined && (
        <ConfirmDialog
          question={revokeQuestion(asked)}
          action={revoke}
          onConfirm={async () => (await revoke.run('revokeHandle', { id: asked.id })) !== undefined}
          onDone={tellRevoked}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}

function Handle(props: {
  handle: HandleState;
  /** Of the connection. */
  title: string;
  onRevoke(): void;
}) {
  const { handle, title } = props;
  const now = useNow(30_000);
  return (
    <li className={styles['row']}>
      <div className={styles['what']}>
        <strong>
          <Name>{handle.tool}</Name>
        </strong>
        <small>
          <Name>{title}</Name> ·{' '}
          {handle.role === undefined ? t.defaultRole : <>{t.role(<Name>{handle.role}</Name>)}</>}
        </small>
        <small>
          <Name>{handle.username}</Name> ·{' '}
          {handle.boundTo === undefined ? (
            t.forAnyProgramThatYouAllow
          ) : (
            <>{t.onlyFor(<Name>{handle.boundTo}</Name>)}</>
          )}
        </small>
      </div>
      <span className={styles['when']}>
        {Date.parse(handle.expiresAt) > now ? (
          t.goodUntil(day(handle.expiresAt))
        ) : (
          <strong>{t.expired(day(handle.expiresAt))}</strong>
        )}
        <span>{t.made(day(handle.createdAt))}</span>
        <span>
          {handle.lastUsedAt === undefined
            ? t.notUsedSinceLatchkeyStarted
            : t.used(ago(now - Date.parse(handle.lastUsedAt)))}
        </span>
      </span>
      <Button kind="danger" label={t.revokeThatOf(handle.tool, title)} onClick={props.onRevoke}>
        {common.revoke}
      </Button>
    </li>
  );
}

function revokeQuestion({ tool }: HandleState): Question {
  return {
    title: t.revokeThis,
    text: <p>{t.whatHasSavedStopsWorkingFor(<Name>{tool}</Name>)}</p>,
    confirm: common.revoke,
  };
}
