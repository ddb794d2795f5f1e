import type { SignInWay } from '../../main/contract/clouds.ts';
import { pageReasons } from '../../main/contract/page-reasons.ts';
import type { SignInState } from '../../main/contract/state.ts';
import { useAction } from '../bridge.ts';
import { signIn as t } from '../texts/en/sign-in.ts';
import { Button } from '../ui/button.tsx';
import { ProblemPanel } from '../ui/problem-panel.tsx';
import { wayButtons } from '../ui/ways.ts';
import styles from './sign-in.module.css';

/**
 * For what the page says while Latchkey hears nothing: the reasons by their numbers, and the other way at once.
 *
 * @param props.other allowed by the provider; undefined where there is none
 */
export function PageHelp(props: {
  signIn: Extract<SignInState, { kind: 'code' | 'browser' }>;
  other: SignInWay | undefined;
}) {
  const { signIn, other } = props;
  const action = useAction();

  async function change(way: SignInWay): Promise<void> {
    if ((await action.run('cancelSignIn', {})) === undefined) return;
    await action.run('signIn', { provider: signIn.provider, way });
  }

  return (
    <details className={styles['help']}>
      <summary>{t.thePageShowsAnError}</summary>
      <p>{t.latchkeyOftenHearsNothingOfIt}</p>
      {other !== undefined && (
        <Button busy={action.busy} onClick={() => void change(other)}>
          {t.instead(wayButtons()[other])}
        </Button>
      )}
      <dl>
        {pageReasons.map(({ numbers, meaning, remedy, otherWay }) => (
          <div key={numbers[0]}>
            <dt>{numbers.join(', ')}</dt>
            <dd>
              {meaning} {otherWay && other === undefined ? t.askAnAdministrator : remedy}
            </dd>
          </div>
        ))}
      </dl>
      <ProblemPanel problem={action.problem} />
    </details>
  );
}
