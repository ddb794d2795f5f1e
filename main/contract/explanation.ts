/** One line of an explanation, in the order in which a login meets it. */
export interface Reason {
  step: 'chain' | 'session' | 'groups' | 'rule' | 'second-factor' | 'verdict';
  /** `info` neither opens nor closes anything by itself. */
  effect: 'allows' | 'denies' | 'info';
  text: string;
}

export interface Explanation {
  username: string;
  connection: string;
  allowed: boolean;
  roles: string[];
  reasons: Reason[];
}
