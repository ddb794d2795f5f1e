/**
 * What the sign-in page may say and Entra ID often tells to the browser alone, while the program that waits for the
 * code hears nothing until it has run out (learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */
export interface PageReason {
  /** The AADSTS numbers on the page. */
  numbers: readonly number[];
  meaning: string;
  /** What helps, beside the other way to sign in. */
  remedy: string;
  /** Whether the other way to sign in is likely to help. */
  otherWay: boolean;
}

export const pageReasons: readonly PageReason[] = [
  {
    numbers: [53003, 530036, 530032, 530035],
    meaning: 'A policy of your organisation blocks this way to sign in.',
    remedy: 'Sign in the other way.',
    otherWay: true,
  },
  {
    numbers: [530033, 53000, 530003, 50097],
    meaning: 'Only managed devices may sign in, and a code cannot prove that this is one.',
    remedy: 'Sign in the other way, on a computer of your organisation.',
    otherWay: true,
  },
  {
    numbers: [50105],
    meaning: 'You are not assigned to this application.',
    remedy:
      'Ask an administrator to add you, or a group of yours, under Enterprise applications > Users and groups.',
    otherWay: false,
  },
  {
    numbers: [50020],
    meaning: 'The page is signed in with an account of another organisation, or a personal one.',
    remedy: 'Choose “Use another account” on the page.',
    otherWay: false,
  },
  {
    numbers: [65001, 90094],
    meaning: 'Nobody has consented to what this application asks for.',
    remedy: 'Ask an administrator to grant it: API permissions > Grant admin consent.',
    otherWay: false,
  },
  {
    numbers: [50057, 50034],
    meaning: 'The account is disabled, or is not known to this tenant.',
    remedy: 'Check the name, or ask an administrator.',
    otherWay: false,
  },
  {
    numbers: [700016, 90002, 50011],
    meaning: 'Tenant, application or redirect address do not fit each other.',
    remedy: 'Ask whoever set up Latchkey: latchkey provider validate says what is wrong.',
    otherWay: false,
  },
];
