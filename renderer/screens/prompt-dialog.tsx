import { assertNever } from '../../main/contract/errors.ts';
import type { AppState, Prompt } from '../../main/contract/state.ts';
import { ClientPromptDialog } from './client-prompt.tsx';
import type { PromptProps } from './prompt-frame.tsx';
import { SecondFactorPrompt } from './second-factor-prompt.tsx';
import { SignInPromptDialog } from './sign-in-prompt.tsx';

/** Who wants in where, and the ways to say yes or no. It closes when main says that the prompt is over. */
export function PromptDialog({ state, ...props }: PromptProps<Prompt> & { state: AppState }) {
  const { prompt } = props;
  switch (prompt.kind) {
    case 'second-factor':
      return (
        <SecondFactorPrompt {...props} prompt={prompt} lockedUntil={state.secondFactor?.totp.lockedUntil} />
      );
    case 'sign-in':
      return <SignInPromptDialog {...props} prompt={prompt} signIn={state.signIn} />;
    case 'client':
      return <ClientPromptDialog {...props} prompt={prompt} />;
    default:
      return assertNever(prompt);
  }
}
