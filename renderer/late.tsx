import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { common as t } from './texts/en/common.ts';
import layout from './ui/layout.module.css';

/**
 * A part of the window whose script is read when it is first shown, which keeps the first screen light. Meanwhile it says
 * so, standing still; what comes up over a screen needs no word for so short a time.
 */
export function late<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  meanwhile: ReactNode = <Loading />,
): ComponentType<Props> {
  const Part = lazy(async () => ({ default: await load() }));
  return function Late(props: Props) {
    return (
      <Suspense fallback={meanwhile}>
        <Part {...props} />
      </Suspense>
    );
  };
}

/** A component, so that its word is read while it is drawn, in the language of then. */
export function Loading() {
  return <p className={layout['soft']}>{t.loading}</p>;
}
