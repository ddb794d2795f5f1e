import { assertNever } from '../../main/contract/errors.ts';
import type { AppState, MfaPrompt, Prompt } from '../../main/contract/state.ts';
import { prompts as t } from '../texts/en/prompts.ts';
import { Button } from '../ui/button.tsx';
import { Name } from '../ui/name.tsx';
import { Callout } from '../ui/problem-panel.tsx';
import { ClientPromptDialog } from './client-prompt.tsx';
import type { PromptProps } from './prompt-frame.tsx';
import { SecondFactorPrompt } from './second-factor-prompt.tsx';
import { SignInPromptDialog } from './sign-in-prompt.tsx';

/** Those that the person has put off, the first with its connection. */
export function PutOff(props: { first: Prompt; title: string; more: number; onAnswer(): void }) {
  const { first, more } = props;
  const title = <Name>{props.title}</Name>;
  return (
    <Callout icon="shield" title={waitingTitle(first)}>
      <p>{more === 0 ? title : t.andMore(title, more)}</p>
      <p>
        <Button kind="primary" onClick={props.onAnswer}>
          {t.answer}
        </Button>
      </p>
    </Callout>
  );
}

/** Who wants in where, and the ways to say yes or no. It closes when main says that the prompt is over. */
export function PromptDialog({ state, ...props }: PromptProps<Prompt> & { state: AppState }) {
  const { prompt } = props;
  switch (prompt.kind) {
    case 'second-factor':
      return <SecondFactorPrompt {...props} prompt={prompt} lockedUntil={lockOf(state, prompt)} />;
    case 'sign-in':
      return <SignInPromptDialog {...props} prompt={prompt} signIn={state.signIn} />;
    case 'client':
      return <ClientPromptDialog {...props} prompt={prompt} />;
    default:
      return assertNever(prompt);
  }
}

function waitingTitle({ kind }: Prompt): string {
  switch (kind) {
    case 'second-factor':
      return t.aLoginWaitsForYourSecondFactor;
    case 'sign-in':
      return t.aLoginWaitsForYouToSignIn;
    case 'client':
      return t.aProgramWaitsToBeAllowed;
    default:
      return assertNever(kind);
  }
}

/** Of the account whose second factor is asked for. */
function lockOf({ accounts }: AppState, { username }: MfaPrompt): string | undefined {
  return accounts.find(({ account }) => account.username === username)?.secondFactor?.totp.lockedUntil;
}
