import type { SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { Spoken } from '../ui/announcer.tsx';
import { Button } from '../ui/button.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { Countdown } from '../ui/countdown.tsx';
import { Icon } from '../ui/icon.tsx';
import { Callout, ProblemPanel } from '../ui/problem-panel.tsx';
import { ScreenHeading } from '../ui/screen-heading.tsx';
import { Name } from '../ui/name.tsx';
import styles from './sign-in.module.css';

type CodeState = Extract<SignInState, { kind: 'code' }>;

/** The code, the way to the page where it is entered, and what to be careful of. */
export function DeviceCode({ code }: { code: CodeState }) {
  const action = useAction();
  const cancel = useAction();
  const page = new URL(code.verificationUri);

  async function copyCode(): Promise<string | undefined> {
    const done = await action.run('copyCode', undefined);
    return done?.reply === true ? 'Code copied' : undefined;
  }

  return (
    <section className={styles['centre']}>
      <ScreenHeading>Enter this code in your browser</ScreenHeading>
      <div className={styles['card']}>
        <Letters code={code.userCode} />
        <div className={styles['buttons']}>
          <Button kind="primary" large onClick={() => void action.run('openVerificationPage', undefined)}>
            <Icon name="open" size={18} />
            Open sign-in page
          </Button>
          <CopyButton large onCopy={copyCode}>
            Copy code
          </CopyButton>
        </div>
        <p className={styles['address']}>
          The page is <Name>{page.host + page.pathname.replace(/\/$/, '')}</Name>
        </p>
        <Countdown
          from={code.startedAt}
          until={code.expiresAt}
          left="Valid for another"
          over="The code has expired"
          soon="The code is valid for one more minute"
        />
      </div>
      <ProblemPanel problem={action.problem ?? cancel.problem} />
      <div className={styles['wide']}>
        <Callout icon="shield" title="Enter this code only if you started this sign-in on this computer">
          <p>A code that somebody sent or read out to you would let them in as you.</p>
        </Callout>
      </div>
      <dl className={styles['facts']}>
        <dt>Signs you in to</dt>
        <dd>
          <Name>{code.provider}</Name>
        </dd>
        <dt>Tenant</dt>
        <dd>
          <Name>{code.tenant}</Name>
        </dd>
        <dt>Application</dt>
        <dd>{code.applicationId}</dd>
      </dl>
      <Button kind="quiet" busy={cancel.busy} onClick={() => void cancel.run('cancelSignIn', undefined)}>
        Cancel sign-in
      </Button>
    </section>
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
      <Spoken>The code is {Array.from(code).join(', ')}</Spoken>
    </p>
  );
}

/** Threes where they come out even, as with Entra ID's nine letters, else fours; a code with its own dashes keeps them. */
function codeGroups(code: string): { at: number; text: string }[] {
  const size = code.length % 3 === 0 ? 3 : 4;
  const pattern = code.includes('-') ? /[^-]+-?/g : new RegExp(`.{1,${size}}`, 'gu');
  return Array.from(code.matchAll(pattern), (match) => ({ at: match.index, text: match[0] }));
}
