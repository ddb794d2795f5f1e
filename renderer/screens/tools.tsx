import { useRef, useState } from 'react';
import type { AppState, HandleState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
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
export function Tools({ state }: { state: AppState }) {
  const { handles } = state;
  const revoke = useAction();
  const announce = useAnnounce();
  const heading = useRef<HTMLHeadingElement>(null);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<MadeHandle>();
  const [asked, setAsked] = useState<HandleState>();
  const titles = new Map(state.connections.map(({ name, title }) => [name, title]));
  const open = state.connections.filter(({ grants }) => grants.length > 0);

  function tellMade(handle: MadeHandle): void {
    setMaking(false);
    setMade(handle);
    announce(`Handle for ${handle.tool} copied. Paste it as the password, and let the tool save it.`);
  }

  function tellRevoked(): void {
    announce('Handle revoked');
    heading.current?.focus();
  }

  return (
    <>
      <ScreenHeading>Tools</ScreenHeading>
      <section className={styles['section']} aria-labelledby="handles">
        <div className={styles['head']}>
          <h2 id="handles" ref={heading} tabIndex={-1}>
            Handles
          </h2>
          {open.length > 0 && <Button onClick={() => setMaking(true)}>Make a handle</Button>}
        </div>
        <p>
          A handle is a password that a tool may save. It opens nothing by itself: each login with it needs
          you to be signed in, on this computer.
        </p>
        {open.length === 0 && (
          <p className={layout['soft']}>
            {state.signIn.kind === 'signed-in'
              ? 'None of your groups opens a database, so there is nothing to make one for.'
              : 'Sign in to make one.'}
          </p>
        )}
        {made !== undefined && (
          <Copied key={made.id} clearsAt={made.clearsAt} onOver={() => setMade(undefined)}>
            The handle for <Name>{made.tool}</Name> is copied. Paste it there as the password, and let the
            tool save it. It is not shown again.
          </Copied>
        )}
        {handles.length === 0 ? (
          <Empty icon="plug" title="No tool has a handle yet">
            Make one for a tool that should connect without asking you for a token each time.
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
          {handle.role === undefined ? (
            'default role'
          ) : (
            <>
              role <Name>{handle.role}</Name>
            </>
          )}
        </small>
        <small>
          <Name>{handle.username}</Name> ·{' '}
          {handle.boundTo === undefined ? (
            'for any program that you allow'
          ) : (
            <>
              only for <Name>{handle.boundTo}</Name>
            </>
          )}
        </small>
      </div>
      <span className={styles['when']}>
        {Date.parse(handle.expiresAt) > now ? (
          `good until ${day(handle.expiresAt)}`
        ) : (
          <strong>expired {day(handle.expiresAt)}</strong>
        )}
        <span>made {day(handle.createdAt)}</span>
        <span>
          {handle.lastUsedAt === undefined
            ? 'not used since Latchkey started'
            : `used ${ago(now - Date.parse(handle.lastUsedAt))}`}
        </span>
      </span>
      <Button
        kind="danger"
        label={`Revoke the handle of ${handle.tool} for ${title}`}
        onClick={props.onRevoke}
      >
        Revoke
      </Button>
    </li>
  );
}

function revokeQuestion({ tool }: HandleState): Question {
  return {
    title: 'Revoke this handle?',
    text: (
      <p>
        What <Name>{tool}</Name> has saved stops working for good, and the database sessions that were opened
        with it end at once.
      </p>
    ),
    confirm: 'Revoke',
  };
}
