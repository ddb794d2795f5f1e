import { useEffect } from 'react';
import type { SignInState } from '../../main/contract/state.ts';
import type { ActionRunner } from '../bridge.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Spoken, useAnnounce } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Name } from '../ui/name.tsx';
import styles from './sign-in.module.css';

export type CodeState = Extract<SignInState, { kind: 'code' }>;

/** The code, the way to the page where it is entered, and how long it is valid. */
export function CodeCard(props: {
  code: CodeState;
  /** Of what is asked here; its owner shows why it failed. */
  action: ActionRunner;
  /** For a card that comes up where something else has the focus. */
  announces?: boolean;
}) {
  const { code, action, announces = false } = props;
  const page = new URL(code.verificationUri);
  const announce = useAnnounce();
  useEffect(() => {
    if (announces) announce(spelled(code.userCode));
  }, [announces, announce, code.userCode]);

  async function copyCode(): Promise<string | undefined> {
    const done = await action.run('copyCode', {});
    return done?.reply === true ? t.codeCopied : undefined;
  }

  return (
    <div className={styles['card']}>
      <Letters code={code.userCode} />
      <div className={styles['buttons']}>
        <Button kind="primary" large onClick={() => void action.run('openVerificationPage', {})}>
          <Icon name="open" size={18} />
          {t.openSignInPage}
        </Button>
        <CopyButton large onCopy={copyCode}>
          {t.copyCode}
        </CopyButton>
      </div>
      <p className={styles['address']}>
        {t.thePageIs(<Name>{page.host + page.pathname.replace(/\/$/, '')}</Name>)}
      </p>
      <Countdown
        from={code.startedAt}
        until={code.expiresAt}
        left={t.validForAnother}
        over={t.theCodeHasExpired}
        soon={t.theCodeIsValidForOne}
      />
    </div>
  );
}

/** In groups for the eye; letter by letter for the ear, since a screen reader would try to pronounce it. */
function Letters({ code }: { code: string }) {
  return (
    <p>
      <span className={styles['code']} aria-hidden="true" data-testid="device-code">
        {codeGroups(code).map(({ at, text }) => (
          <span key={at}>{text}</span>
        ))}
      </span>
      <Spoken>{spelled(code)}</Spoken>
    </p>
  );
}

/** Threes where they come out even, as with Entra ID's nine letters, else fours; a code with its own dashes keeps them. */
function codeGroups(code: string): { at: number; text: string }[] {
  const size = code.length % 3 === 0 ? 3 : 4;
  const pattern = code.includes('-') ? /[^-]+-?/g : new RegExp(`.{1,${size}}`, 'gu');
  return Array.from(code.matchAll(pattern), (match) => ({ at: match.index, text: match[0] }));
}

function spelled(code: string): string {
  return t.theCodeIs(Array.from(code).join(', '));
}
