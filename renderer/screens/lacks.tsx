import type { RefObject } from 'react';
import { assertNever } from '../../main/contract/errors.ts';
import type { ConnectionState, Lack } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { access as t } from '../texts/en/access.ts';
import type { Said } from '../texts/en/problems.ts';
import { useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import { Original, ProblemPanel } from '../ui/problem-panel.tsx';
import { saidOf } from '../ui/said.ts';
import type { ConnectionTarget } from './connections.tsx';
import styles from './lacks.module.css';

/** The ways to the screens where something can be mended. */
export interface Ways {
  connection(target: ConnectionTarget): void;
  security(): void;
  /** To all of them, and to new ones. */
  administer(): void;
}

/** What keeps a connection from being ready, each with the way to its remedy. */
export function Lacks(props: {
  connection: ConnectionState;
  ways: Ways;
  /** Takes the focus after a look: the button may be gone by then. */
  heading: RefObject<HTMLHeadingElement | null>;
}) {
  const { connection, ways, heading } = props;
  const { name, title, lacks, lookedAt, grants } = connection;
  const look = useAction();
  const announce = useAnnounce();
  const isKnown = lookedAt !== undefined || lacks.length > 0;
  if (grants.length === 0 || (isKnown && lacks.length === 0)) return null;

  async function lookNow(): Promise<void> {
    if ((await look.run('lookAtConnections', { name })) === undefined) return;
    heading.current?.focus();
    announce(t.lookedAt(title));
  }

  const lookButton = (words: string) => (
    <Button label={`${words}: ${title}`} busy={look.busy} onClick={() => void lookNow()}>
      {words}
    </Button>
  );
  return (
    <>
      <ul className={styles['lacks']} aria-label={t.whatLacks(title)}>
        {!isKnown && (
          <li>
            <Icon name="clock" size={18} />
            <span>{t.nobodyHasLookedYetWhetherIts}</span>
            {lookButton(t.lookNow)}
          </li>
        )}
        {lacks.map((lack) => (
          <li key={JSON.stringify(lack)}>
            <Icon name="alert" size={18} />
            <span>
              <LackText lack={lack} />
            </span>
            {lack.kind === 'server' ? (
              lookButton(t.lookAgain)
            ) : (
              <Remedy lack={lack} connection={connection} ways={ways} />
            )}
          </li>
        ))}
      </ul>
      <ProblemPanel problem={look.problem} onDismiss={look.dismiss} />
    </>
  );
}

function LackText({ lack }: { lack: Lack }) {
  switch (lack.kind) {
    case 'password':
      return <>{t.thePasswordOfIsNotStored(<Name>{lack.role}</Name>)}</>;
    case 'client-key':
      return <>{t.theKeyOfItsClientCertificate(<code>{t.latchkeySecretSetKeyPem(lack.storedAs)}</code>)}</>;
    case 'second-factor':
      return <>{t.aRuleAsksForASecond}</>;
    case 'server':
    case 'login':
    case 'credential':
      return <Told said={saidOf(lack.problem)} />;
    default:
      return assertNever(lack);
  }
}

function Told({ said: { message, remedy = '', original } }: { said: Said }) {
  return (
    <>
      <Name>{`${message} ${remedy}`.trim()}</Name>
      {original !== undefined && <Original text={original} />}
    </>
  );
}

function Remedy({
  lack,
  connection: { name, title },
  ways,
}: {
  lack: Lack;
  connection: ConnectionState;
  ways: Ways;
}) {
  switch (lack.kind) {
    case 'password':
      return (
        <Button
          label={t.storeThePasswordOfFor(lack.role, title)}
          onClick={() => ways.connection({ name, task: 'password', secret: lack.storedAs })}
        >
          {t.storeThePassword}
        </Button>
      );
    case 'login':
      return (
        <Button
          label={t.seeItsSettings(title, lack.role)}
          onClick={() => ways.connection({ name, task: 'edit' })}
        >
          {t.seeItsSettingsShort}
        </Button>
      );
    case 'credential':
      return (
        <Button label={t.seeSettingsOf(title)} onClick={() => ways.connection({ name, task: 'edit' })}>
          {t.seeItsSettingsShort}
        </Button>
      );
    case 'second-factor':
      return (
        <Button label={t.setOneUpFor(title)} onClick={ways.security}>
          {t.setOneUp}
        </Button>
      );
    case 'client-key':
    case 'server':
      return null;
    default:
      return assertNever(lack);
  }
}
