import { useRef, useState } from 'react';
import type { ActionRunner } from '../bridge.ts';
import { common } from '../texts/en/common.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { CodeField, SecretField, TextField } from '../ui/field.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import styles from './sign-in.module.css';

/** For the day when the directory cannot be reached: an account that Latchkey keeps itself. */
export function LocalSignIn({ action, onBack }: { action: ActionRunner; onBack: () => void }) {
  const [username, setUsername] = useState('');
  const [lacksPassword, setLacksPassword] = useState(false);
  const [code, setCode] = useState('');
  const [tried, setTried] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  const third = useRef<HTMLInputElement>(null);
  const fault = (value: string, what: string) => (tried && value === '' ? t.enter(what) : undefined);

  async function signIn(): Promise<void> {
    const password = second.current?.value ?? '';
    setLacksPassword(password === '');
    const missing = [
      { input: first, value: username.trim() },
      { input: second, value: password },
      { input: third, value: code.trim() },
    ].find(({ value }) => value === '');
    setTried(missing !== undefined);
    if (missing !== undefined) {
      missing.input.current?.focus();
      return;
    }
    // A code counts once.
    setCode('');
    await action.run('signInLocally', { username: username.trim(), password, code: code.trim() });
  }

  return (
    <section className={styles['centre']}>
      <ScreenHeading>{t.breakGlassSignIn}</ScreenHeading>
      <div className={styles['wide']}>
        <Callout icon="shield" title={t.forEmergenciesOnly}>
          <p>{t.eachUseOfSuchAnAccount}</p>
        </Callout>
      </div>
      <form
        noValidate
        className={`${styles['card']} ${styles['form']}`}
        onSubmit={(event) => {
          event.preventDefault();
          if (!action.busy) void signIn();
        }}
      >
        <TextField
          ref={first}
          label={t.userName}
          value={username}
          onChange={setUsername}
          maxLength={200}
          fault={fault(username.trim(), t.theUserName)}
        />
        <SecretField
          ref={second}
          name="password"
          label={common.password}
          maxLength={4096}
          fault={tried && lacksPassword ? t.enter(t.thePassword) : undefined}
          refused={action.problem}
        />
        <CodeField
          ref={third}
          label={t.code}
          hint={t.theSixDigitsOfTheAccounts}
          value={code}
          onChange={setCode}
          fault={fault(code.trim(), t.theCode)}
        />
        <ProblemPanel problem={action.problem} />
        <div className={styles['buttons']}>
          <Button submit kind="primary" large busy={action.busy}>
            {common.signIn}
          </Button>
          <Button kind="quiet" large onClick={onBack}>
            {common.back}
          </Button>
        </div>
      </form>
    </section>
  );
}
