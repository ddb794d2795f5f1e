import { common as t } from '../texts/en/common.ts';
import { Component, type ReactNode } from 'react';
import { Button } from './button.tsx';
import { ProblemPanel } from './problem-panel.tsx';
import { ScreenHeading } from './screen-heading.tsx';

/** Where a screen cannot be drawn, it says so, and the rest of the window goes on. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <>
        <ScreenHeading>{t.thisScreenCannotBeShown}</ScreenHeading>
        <ProblemPanel
          problem={{
            own: true,
            code: 'internal',
            message: t.itHasMetAnErrorThat,
            remedy: t.tryAgainOrOpenAnotherScreen,
          }}
        />
        <div>
          <Button kind="primary" onClick={() => this.setState({ failed: false })}>
            {t.tryAgain}
          </Button>
        </div>
      </>
    );
  }
}
