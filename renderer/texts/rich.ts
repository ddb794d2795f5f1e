import { createElement, Fragment, type ReactElement, type ReactNode } from 'react';

/** A sentence with elements in it, such as names and code. */
export const rich = (words: TemplateStringsArray, ...parts: ReactNode[]): ReactElement =>
  createElement(Fragment, null, ...words.flatMap((word, index) => [word, parts[index]]));
