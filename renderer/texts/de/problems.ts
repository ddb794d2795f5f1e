import { germanProblems } from '../../../main/contract/german-problems.ts';
import type { problems as English } from '../en/problems.ts';

export const problems: typeof English = {
  said: ({ code, message, remedy }) => ({
    ...germanProblems[code],
    original: remedy === undefined ? message : `${message} ${remedy}`,
  }),
};
