import { type ReactNode, useEffect, useRef } from 'react';

/**
 * The heading of a screen. It takes the focus when its screen appears, since the control that led there is often gone
 * with the screen before: the keyboard goes on from the top, and a screen reader says where one is.
 */
export function ScreenHeading({ children }: { children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {children}
    </h1>
  );
}
